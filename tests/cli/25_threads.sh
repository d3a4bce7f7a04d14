# Every command that measures prints the same bytes for any number of threads, also for more than there are processors or groups of samples:
# a perceptron on all training digits, a network of convolutions and a transformer on 520 of them.
. "$(dirname "$0")/lib.sh"
topic

parameters() { # NAME SHAPE…
    while [ $# -gt 0 ]; do
        printf '{"name": "%s", "shape": [%s]}' "$1" "$2"
        shift 2
        [ $# = 0 ] || printf ', '
    done
}
node() { # NAME OP INPUTS [ATTRIBUTES]: makes the tensor NAME
    printf '{"name": "%s", "op": "%s", "inputs": [%s], "outputs": ["%s"], "attributes": {%s}}' "$1" "$2" \
        "$(printf '%s' "$3" | sed 's/[^ ][^ ]*/"&"/g; s/ /, /g')" "$1" "${4:-}"
}
graph() { # PARAMETERS NODE…: from the 64 pixels x to y
    printf '{"input": {"name": "x", "shape": [64]}, "output": "y", "parameters": [%s], "nodes": [%s' "$1" "$2"
    shift 2
    printf ', %s' "$@"
    printf ']}'
}
graph "$(parameters w1 '4, 1, 3, 3' b1 4 w2 '6, 4, 3, 3' w3 '10, 24')" \
    "$(node image Reshape x '"shape": [0, 1, 8, 8]')" "$(node c1 Conv 'image w1 b1' '"pads": [1, 1, 1, 1]')" "$(node r1 Relu c1)" \
    "$(node pool MaxPool r1 '"kernel_shape": [2, 2], "strides": [2, 2]')" "$(node c2 Conv 'pool w2')" "$(node r2 Relu c2)" \
    "$(node flat Flatten r2)" "$(node y Gemm 'flat w3' '"transB": 1')" >convolutions.json
heads() { # NAME: two heads of four numbers a token
    node "$1" Gemm "norm w$1" '"transB": 1'
    printf ', %s, %s' "$(node "$1-heads" Reshape "$1" '"shape": [0, 8, 2, 4]')" "$(node "$1-first" Transpose "$1-heads" '"perm": [0, 2, 1, 3]')"
}
graph "$(parameters we '8, 8' at '1, 8, 8' ns 8 nb 8 wq '8, 8' wk '8, 8' wv '8, 8' wo '8, 8' wy '10, 8')" \
    "$(node rows Reshape x '"shape": [0, 8, 8]')" "$(node embedded Gemm 'rows we' '"transB": 1')" "$(node placed Add 'embedded at')" \
    "$(node norm LayerNormalization 'placed ns nb')" "$(heads q)" "$(heads k)" "$(heads v)" \
    "$(node attention Attention 'q-first k-first v-first')" "$(node back Transpose attention '"perm": [0, 2, 1, 3]')" \
    "$(node joined Reshape back '"shape": [0, 8, 8]')" "$(node out Gemm 'joined wo' '"transB": 1')" "$(node sum Add 'placed out')" \
    "$(node act Gelu sum)" "$(node mean ReduceMean act '"axes": [1], "keepdims": 0')" "$(node y Gemm 'mean wy' '"transB": 1')" >transformer.json

# alike COMMAND…
alike() {
    good "$@" --json --threads 1
    cp out alone
    for threads in 2 3 8 17 64; do
        good "$@" --json --threads $threads
        expect "--json of $* with $threads threads as with one" cmp -s out alone
    done
}
# runs NETWORK OPTION…: four short ones
runs() {
    network=$1
    shift
    for run in gd_0 gd_1 sam_0 sam_1; do
        good train "$@" --data "$DIGITS" --method ${run%_*} --seed ${run#*_} --learning-rate 0.1 --rho 0.1 --steps 2 -o $network/$run
    done
    point=$network/sam_0/step_000002.h5
    good spectrum $point --dry-run --json
    expect "the samples of $network are 8 groups at least" [ "$(number out parts)" -ge 8 ]
}
runs perceptron --mlp 64-8-10
alike spectrum $point --top 3
alike spectrum $point --operator ggn --samples 40 --method gram
alike blocks $point --operator fisher-empirical
alike compare perceptron/gd_* perceptron/sam_* --polish 2
for network in perceptron convolutions transformer; do
    [ $network = perceptron ] || runs $network --graph $network.json --subset 520
    few="--method lanczos --top 1 --bottom 0 --tolerance 0.01"
    alike spectrum $point --method lanczos --top 2 --bottom 1 --tolerance 0.001
    alike spectrum $point $few --precision single
    alike spectrum $point $few --operator fisher-sampled
    alike batches $point --batches 2 --batch-size 130
    alike sane $point --ritz 10
    alike slice $point --along gradient --grid 5 --along random --grid 3
    alike sharpness $point --top
    alike track $network/gd_0 $few
    alike compare $network/gd_0 $network/sam_0 $few --no-polish
done

finish
