# Which samples: subsets of both splits, named rows, clean labels.
. "$(dirname "$0")/lib.sh"
topic

good spectrum $GD --samples 60
holds out "N = 60 of 120 samples"
good spectrum $GD
holds out "N = 120 samples of"
good slice $GD --along momentum --grid 3 --samples 60 # the split test stays whole
holds out "^  train .*  60 samples"
holds out "^  test .*  500 samples"
good slice $GD --along momentum --grid 3 --test-samples 40
holds out "^  train .*  120 samples"
holds out "^  test .*  40 samples"
bad "test-samples: no split test is measured" -- spectrum $GD --test-samples 40
bad "samples and --rows choose training samples, --test-samples those of the split test" -- spectrum $GD --split test --samples 40
bad "^basin: --test-samples must be at least 1" -- slice $GD --along momentum --test-samples 0
good spectrum $GD --split test --test-samples 40
holds out "N = 40 of 500 samples"
printf '0 2\t3\r\n4,6, 7\n' >rows.txt # all that are clean
good spectrum noisy.h5 --rows rows.txt -o rows.h5
holds out "N = 6 of 8 samples"
good verify rows.h5
good spectrum noisy.h5 --rows rows.txt --json
clean=$(number out loss)
holds out '"role": "rows", "path": "rows.txt", "digest": "[0-9a-f]\{64\}"'
mkdir clean && cp noisy.h5 noisy_data.h5 clean
good track clean --json
equal "the training loss on clean labels" "$(number out clean_train_loss)" "$clean"
good track clean --rows rows.txt --no-polish --json # nothing is left out of them
equal "rows that are all clean" "$(number out clean_train_loss)" "$(number out train_loss)"
plain=$(number out train_loss)
good track clean --rows rows.txt --no-polish --include-weight-decay --json
equal "rows that are all clean, with weight decay in both losses" "$(number out clean_train_loss)" "$(number out train_loss)"
expect "--include-weight-decay changes the training loss" [ "$(number out train_loss)" != "$plain" ]
good track clean --samples 5 --seed 3 --no-polish --json # the clean ones of the same draw: fewer, or the same loss
clean=$(number out clean_train_loss)
good track clean --samples 5 --seed 4 --no-polish --json
expect "the clean training loss follows the samples" [ "$(number out clean_train_loss)" != "$clean" ]
good track oracle_bn.h5 --json
holds out '"clean_train_loss": {"value": null' # no split noisy
cp rows.txt kept.txt
echo 1 >>rows.txt
fails "^basin: 1 of 3 inputs are not what they were" -- verify rows.h5
holds out "rows rows.txt: changed: SHA-256 was"
cp kept.txt rows.txt
wrong "rows and --samples both choose training samples" -- spectrum noisy.h5 --rows rows.txt --samples 3
reject() { # CONTENT MESSAGE: as a file of rows
    printf "$1" >rejected.txt
    bad "$2" -- spectrum noisy.h5 --rows rejected.txt
    bad "$2" -- track clean --rows rejected.txt
}
reject '' "rejected.txt: names no row"
reject ' \n,\n' "rejected.txt: names no row"
reject '0\n1 two\n' "rejected.txt: line 2: «two» is not the number of a row"
reject '0\n\n-1\n' "rejected.txt: line 3: «-1» is not the number of a row"
reject '0\n1.5' "rejected.txt: line 2: «1.5» is not the number of a row"
reject '0\n1\n8\n' "rejected.txt: line 3: the split train has rows 0 to 7 and no row 8"
reject '99999999999999999999999\n' "rejected.txt: line 1: the split train has rows 0 to 7 and no row"
reject '3 4\n5 3\n' "rejected.txt: line 2: row 3 stands in line 1 already"
reject '3\0004\n' "rejected.txt: line 1: holds a zero byte"
bad "nowhere.txt: No such file" -- spectrum noisy.h5 --rows nowhere.txt
bad "^basin: clean: is not a regular file" -- spectrum noisy.h5 --rows clean

finish
