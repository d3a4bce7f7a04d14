# Bad input: one line that names the file and the object, nothing left.
. "$(dirname "$0")/lib.sh"
topic

head -c 3000 $GD >truncated_file.h5
printf 'not HDF5 at all, only words\n' >words.h5
: >empty.h5
for c in info check spectrum sane sharpness "slice --along momentum"; do
    bad "^basin: nowhere.h5: No such file" -- $c nowhere.h5
    bad "^basin: words.h5: not an HDF5 file" -- $c words.h5
done
bad "^basin: truncated_file.h5: truncated, or still being written: .*; wait for its writer, or copy it anew$" -- info truncated_file.h5
bad "^basin: empty.h5: an empty file" -- info empty.h5
for at in 127 135 815 823 1239 1247 1287 1295 1335 1343; do # damage that HDF5 itself stumbles over must not add lines of its own to ours
    cp good.h5 damaged.h5
    printf '\200' | dd of=damaged.h5 bs=1 seek="$at" conv=notrunc 2>/dev/null
    "$B" info damaged.h5 >out 2>err
    status=$?
    expect "info of a file damaged at byte $at ends by itself" [ $status -le 1 ]
    case $BUILD in
    *address*) lacks err 'ERROR: AddressSanitizer' ;; # which adds lines of its own
    *) [ $status = 0 ] || expect "one line on a file damaged at byte $at" [ "$(wc -l <err)" = 1 ] ;;
    esac
done
bad "^basin: newer.h5: basin checkpoint version 2, this basin reads up to 1" -- info newer.h5
bad "^basin: unfinished.h5: no attribute complete: still being written" -- info unfinished.h5
bad "^basin: missing_group.h5: /parameters: missing" -- info missing_group.h5
bad "^basin: missing_parameter.h5: /parameters/fc2.weight: missing" -- info missing_parameter.h5
bad "^basin: wrong_shape.h5: /parameters/fc1.weight: expected \[4, 6\], file has \[6, 4\]" -- info wrong_shape.h5
bad "^basin: wrong_rank.h5: /parameters/fc1.weight: expected \[4, 6\], file has \[24\]" -- info wrong_rank.h5
bad "^basin: wrong_type.h5: /parameters/fc1.bias: expected floating point numbers, file has strings" -- info wrong_type.h5
bad "^basin: external_link.h5: /parameters/fc1.bias: a link into another file is not followed" -- info external_link.h5
bad "^basin: virtual.h5: /parameters/fc1.bias: a virtual data set is not read" -- info virtual.h5
bad "^basin: huge.h5: /parameters/fc1.bias: the product of the dimensions .* overflows" -- info huge.h5
for c in check spectrum sane sharpness "slice --along momentum" "info --gradient"; do bad "^basin: nan.h5: fc1.weight: 1 of 24 values are NaN or Inf, the first at 3" -- $c nan.h5; done
bad "^basin: class_out_of_range.h5: /targets: row 3 is class 7, but the network has 3 outputs" -- spectrum good.h5 --data class_out_of_range.h5
bad "^basin: wide_data.h5: /inputs: the graph expects samples of shape \[6\], the file has \[12\]" -- spectrum good.h5 --data wide_data.h5
bad "^basin: data.h5: the data has digest .*, wrong_digest.h5 was trained on " -- spectrum wrong_digest.h5
good sharpness wrong_digest.h5 --data data.h5
bad "^basin: nowhere.h5: No such file" -- spectrum good.h5 --data nowhere.h5
bad "^basin: data.h5: no split validation; it has test, train" -- spectrum good.h5 --split validation
bad "^basin: --samples must be at least 1" -- spectrum good.h5 --samples 0
bad "^basin: good.h5: 100 samples asked for, split train has 8" -- spectrum good.h5 --samples 100
bad "^basin: no_momentum.h5: --along momentum: it saved no momentum: the state of its optimizer was not saved" \
    "; --along to:zero_momentum.h5 leads back to the checkpoint before it, uphill" "in the same folder a momentum is in .*.h5, .*.h5, .*.h5 and" \
    -- slice no_momentum.h5 --along momentum
bad "SAM wrapper does not hold it, that of its base optimizer does; --along to:$PWD/sam_before.h5 leads back" -- slice "$PWD/sam_no_momentum.h5" --along momentum
bad "its optimizer has none (coefficient 0); --along to:" -- slice plain_no_momentum.h5 --along momentum
bad "there is none before the first step; in the same folder" -- slice first_no_momentum.h5 --along momentum
good -w "rounding.h5: the momentum is at rounding level" slice rounding.h5 --along momentum --grid 3
bad "^basin: zero_momentum.h5: direction momentum is zero: its norm is 0" -- slice zero_momentum.h5 --along momentum
bad "^basin: direction to:good.h5 is zero: its norm is 0" -- slice good.h5 --along to:good.h5
bad "^basin: good.h5: directions gradient and gradient are parallel: cosine 1" -- slice good.h5 --along gradient --along gradient
bad "^basin: good.h5: directions gradient and gradient are parallel: cosine 1" -- slice good.h5 --along gradient --along gradient --orthogonal
bad "^basin: gradient: --range 1:-1: wanted FROM < TO, both finite" -- slice good.h5 --along gradient --range 1:-1
bad "^basin: gradient: --range 1:1: wanted FROM < TO, both finite" -- slice good.h5 --along gradient --range 1:1
bad "^basin: gradient: --range nan:1: wanted FROM < TO, both finite" -- slice good.h5 --along gradient --range nan:1
bad "^basin: gradient: --range -1:inf: wanted FROM < TO, both finite" -- slice good.h5 --along gradient --range -1:inf
bad "^basin: gradient: --grid must be at least 1, got 0" -- slice good.h5 --along gradient --grid 0
bad "^basin: gradient: --grid must be at least 1, got -3" -- slice good.h5 --along gradient --grid -3
bad "^basin: good.h5: --scale must be positive, got 0" -- slice good.h5 --along gradient --scale 0
bad "^basin: $GD: its parameters (310 in 4 tensors) are not those of good.h5 (43 in 4 tensors)" -- slice good.h5 --along to:$GD
wrong "slice: direction «sideways» is none of momentum, gradient\[:SPLIT\], eigen:I" -- slice good.h5 --along sideways
wrong "slice: at most two --along" -- slice good.h5 --along gradient --along momentum --along random
wrong "slice: along what? --along momentum | gradient | eigen:I | random" -- slice good.h5
bad "^basin: $GD: a dense spectrum of 310 parameters needs [0-9]* bytes, the limit is 716800" -- spectrum $GD --method dense --memory 700K
bad "^basin: good.h5: --rho: radius number 2, -*nan, is not finite" -- sharpness good.h5 --rho 0.1,nan
bad "^basin: $GD: a dense spectrum of 310 parameters needs [0-9]* bytes, the limit is 716800" -- spectrum $GD --method dense --memory 700K --dry-run
bad "^basin: good.h5: --rho: radius number 2, -*nan, is not finite" -- sharpness good.h5 --rho 0.1,nan --dry-run
bad "^basin: runs/sam_0/none.h5: No such file" -- slice good.h5 --along to:runs/sam_0/none.h5 --dry-run
bad "^basin: nowhere.h5: No such file" -- sharpness $GD nowhere.h5
bad "^basin: good.h5: --kappa must be positive, got -1" -- sane good.h5 --kappa -1
bad "^basin: empty_folder: No such file" -- track empty_folder
mkdir empty_folder
bad "^basin: empty_folder: no checkpoint in this folder" -- compare empty_folder
bad "^basin: --threads must be at most 1024, got 5000" -- track runs/gd_0 --threads 5000
bad "^basin: --every must be at least 1" -- track runs/gd_0 --every 0
bad "^basin: no checkpoint could be measured; the first: nan.h5/nan.h5: fc1.weight: 1 of 24 values are NaN or Inf" -- track nan.h5

finish
