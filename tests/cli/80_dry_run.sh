# Dry runs: as many products as the run itself, and nothing of its result.
. "$(dirname "$0")/lib.sh"
topic

good spectrum $GD --dry-run
holds out "dry run         spectrum, dense, nothing computed: 315 products, 1 gradient, 5 losses"
holds out "products        .* samples in .* parts: all kept"
holds out "memory          .* at the peak, limit"
holds out "time            .* s, of it .* s of reading and compiling"
holds out "eigenvalues      1"
good spectrum $GD --method lanczos --top 3 --dry-run
holds out "lanczos, nothing computed: .* products expected (at most "
good spectrum $GD $GD --dry-run --json
expect "two checkpoints give two forecasts" [ "$(grep -o '"kind": *"forecast"' out | wc -l)" = 2 ]
good sane $GD --dry-run
holds out "sane, dense, nothing computed: 315 products, 1 gradient, 5 losses"
good sane $GD --ritz 7 --dry-run
holds out "sane, ritz, nothing computed: 12 products, 1 gradient, 5 losses"
good slice $GD --along random --grid 5 --along gradient --grid 5 --dry-run
holds out "slice, nothing computed: 7 products, 1 gradient, 57 losses" # 25 points and the centre, on train and test
bad "^basin: $GD: eigen:311: there are 310 eigenvalues" -- slice $GD --along eigen:311 --dry-run
good sharpness $GD --rho 0.1,0.2 --dry-run
holds out "sharpness, nothing computed: 5 products, 1 gradient, "
good sharpness $GD --rho 0.1,0.2 --top --dry-run
holds out "products expected (at most "

bad "^basin: $GD: a dense spectrum of 310 parameters needs [0-9]* bytes, the limit is 500000" -- spectrum $GD --method dense --dry-run --memory 500000

finish
