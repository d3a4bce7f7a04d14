#!/bin/sh
# Folders as real trainers leave them: Lightning, Hugging Face's Trainer and the MSAM authors' own script, each trained here for some
# seconds, converted without work by hand, held against what the optimizers held tensor by tensor, and looked at with the commands.
#
#   usage: BASIN=build/basin PYTHON=PYTHON MSAM=REPOSITORY sh bench/trainers.sh [FOLDER]
#
# PYTHON has, from PyPI, torch, torchvision, h5py, lightning, transformers, accelerate, safetensors and pillow; REPOSITORY is a clone of
# github.com/MarlonBecker/MSAM (GPL-3.0), which is run and not changed. What MSAM does not name, and a library that is not there, is left
# out and said.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$here/../python" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 BASIN="${BASIN:-$here/../build/basin}"
BASIN=$(cd "$(dirname "$BASIN")" && pwd)/basin
FEW="--method lanczos --top 1 --tolerance 1e-4"
python=${PYTHON:-python3}
out=${1:-build/trainers}
mkdir -p "$out"
cd "$out"

say() { printf '\n## %s\n\n' "$*"; }
run() { # prints the command as a reader would type it, and what it prints
    printf '    $ %s\n' "$*" | sed "s|$here/trainers/||g; s|$BASIN|basin|g; s|$python|python|g"
    "$@" 2>&1 | sed 's/^/    /' | cut -c 1-240
    echo
}
convert() { run "$python" -W ignore -m basin convert "$@"; }
look() { # CHECKPOINT RUN…
    checkpoint=$1
    shift
    run "$BASIN" check "$checkpoint"
    run "$BASIN" track "$1" $FEW
    run "$BASIN" spectrum "$checkpoint" $FEW
    run "$BASIN" slice "$checkpoint" --along momentum --grid 5
    run "$BASIN" compare "$@" $FEW --no-polish
}
has() { "$python" -c "import $1" 2>/dev/null || { echo "left out: no $1"; return 1; }; }

if say Lightning && has lightning; then
    for seed in 0 1; do
        for method in sgd nag; do
            [ -d lightning/${method}_seed_$seed ] || "$python" -W ignore "$here/trainers/lightning_run.py" lightning/${method}_seed_$seed $method $seed >>lightning.log 2>&1
        done
    done
    set -- --model "$here/trainers/lightning_run.py:make_net" --loss cross_entropy --train "$here/trainers/lightning_run.py:train_set" \
        --test "$here/trainers/lightning_run.py:test_set" --seed 'seed_(\d+)'
    convert "$@" --model-key current_model_state --out lightning/weights 'lightning/*_seed_?/*.ckpt'
    convert "$@" --out lightning/averages 'lightning/sgd_seed_0/*.ckpt'
    for name in sgd_seed_0 nag_seed_1; do run "$python" "$here/trainers/truth.py" lightning/weights/$name lightning/$name/truth; done
    look 'lightning/weights/sgd_seed_0/epoch=5-step=48.h5' lightning/weights/*_seed_?
    run "$BASIN" slice 'lightning/weights/sgd_seed_0/epoch=5-step=48.h5' --along 'to:lightning/averages/epoch=5-step=48.h5' --range 0:1 --grid 3
fi

if say "Hugging Face" && has transformers; then
    for seed in 0 1; do
        for method in adamw_torch sgd; do
            [ -d hugging_face/${method}_seed_$seed ] || "$python" -W ignore "$here/trainers/hugging_face_run.py" hugging_face/${method}_seed_$seed $method $seed >>hugging_face.log 2>&1
        done
    done
    convert --model "$here/trainers/hugging_face_run.py:Logits" --loss cross_entropy --train "$here/trainers/hugging_face_run.py:train_set" \
        --test "$here/trainers/hugging_face_run.py:test_set" --seed 'seed_(\d+)' --out hugging_face/weights 'hugging_face/*_seed_?/checkpoint-*'
    for name in adamw_torch_seed_0 adamw_torch_seed_1; do run "$python" "$here/trainers/truth.py" hugging_face/weights/$name hugging_face/$name/truth; done
    run "$BASIN" info hugging_face/weights/adamw_torch_seed_0/checkpoint-48.h5
    look hugging_face/weights/adamw_torch_seed_0/checkpoint-48.h5 hugging_face/weights/*_seed_?
fi

if say "The MSAM authors' script"; [ -n "${MSAM:-}" ] && has torchvision; then
    export MSAM="$(cd "$MSAM" && pwd)"
    for method in SGD MSAM AdamW_MSAM; do
        [ -d msam/$method ] || "$python" -W ignore "$here/trainers/msam_run.py" msam/$method $method >>msam.log 2>&1
    done
    # their loop moves back before it saves (main.py), so the weights are not perturbed; their schedule of rho writes one into SGD's options
    set -- --model "$here/trainers/msam_run.py:make_net" --loss cross_entropy:label_smoothing=0.1111111111111111 \
        --train "$here/trainers/msam_run.py:train_set" --test "$here/trainers/msam_run.py:test_set" --batch-size 32
    convert "$@" --perturbed no --out msam/weights 'msam/*MSAM/*.model'
    convert "$@" --method sgd --out msam/weights/SGD 'msam/SGD/*.model'
    for name in SGD MSAM AdamW_MSAM; do run "$python" "$here/trainers/truth.py" msam/weights/$name msam/$name/truth; done
    look msam/weights/MSAM/epoch_4.h5 msam/weights/MSAM msam/weights/SGD msam/weights/AdamW_MSAM
    run "$BASIN" slice msam/weights/AdamW_MSAM/epoch_4.h5 --along momentum --grid 5
else
    echo "left out: MSAM names no clone of github.com/MarlonBecker/MSAM"
fi
