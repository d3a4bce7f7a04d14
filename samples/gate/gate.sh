#!/bin/sh
# A step of a pipeline: may this checkpoint go on?
#
#     sh samples/gate/gate.sh CHECKPOINT 'RUNS'
#
# CHECKPOINT is the candidate; RUNS is a pattern of the folders of runs that were good, of which it may be no exception. What the candidate must
# be in any case stands here, and is the project's to choose. gate.xml is for the build server, gate.h5 holds every number (`basin verify`
# recomputes it). Exit status: 0 it may, 1 it may not, 2 something is wrong with the files.
candidate=$1
runs=$2

basin gate "$candidate" --time 60s --max 'lambda_max<=2/lr' --min 'test_accuracy>=0.5' \
    --from-runs "$runs" --measures train_loss,lambda_max --sigma 3 --junit gate.xml -o gate.h5
case $? in
0) echo "$candidate: within its limits" ;;
3) echo "$candidate: beyond a limit" && exit 1 ;;
4) echo "$candidate: not decided within the minute; look at it, or give it more" && exit 1 ;;
*) exit 2 ;;
esac
