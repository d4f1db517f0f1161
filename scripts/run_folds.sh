#!/usr/bin/env bash
# The main job: environment, data, folds, training, scoreboard, blend, submission.
#   bash scripts/run_folds.sh [--sample] [--budget minutes|hours|day | --baselines | EXPERIMENT...] [--jobs N]
#     [--runner ray [--ray-address ADDRESS] [--cores-per-job N] [--jobs-per-gpu N]]
#     [--log tensorboard|mlflow|wandb-offline]
# Default: the three CNNs strided, residual and large_kernel.
# --budget minutes: large_kernel and a nearest-neighbour classifier. --budget hours: the three CNNs, trained three
#   times as long, and the same classifier. --budget day: two wide CNNs and the same classifier.
# --baselines: eleven common models, from logistic regression to a small CNN.
# --sample: the embedded sample instead of Kaggle's data, in .sample/.
# --jobs N: train N folds at the same time (default: one on each core). --runner ray: train on a Ray cluster.
# --log PROGRAM: also write the folds for TensorBoard, MLflow or Weights & Biases, to oof/tracking/.
# It can be stopped at any time. The same command continues after the last finished epoch.
set -euo pipefail
# Make relative paths absolute before the directory changes.
[ -z "${DIGITS_WORKSPACE:-}" ] || DIGITS_WORKSPACE=$(realpath -m "$DIGITS_WORKSPACE")
case ${DIGITS_PYTHON:-} in /*) ;; */*) DIGITS_PYTHON=$PWD/$DIGITS_PYTHON ;; esac
CDPATH='' cd "$(dirname "$0")/.."

usage() {
    sed -n '2,13s/^# \{0,1\}//p' scripts/run_folds.sh
}

refuse() {
    echo "error: $1" >&2
    usage >&2
    exit 2
}

choose() {
    [ ${#experiments[@]} -eq 0 ] || refuse "give only one of --budget, --baselines and experiments"
    experiments=("$@")
}

sample=
training=()
experiments=()
named=()
while [ $# -gt 0 ]; do
    case $1 in
    --sample) sample=yes ;;
    --jobs | --cores-per-job | --jobs-per-gpu)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || refuse "$1 needs a whole number, as in $1 2"
        training+=("$1" "$2")
        shift
        ;;
    --runner | --ray-address | --log)
        [[ ${2:--} != -* ]] || refuse "$1 needs a value, as in --runner ray, --ray-address HOST:6379 or --log tensorboard"
        training+=("$1" "$2")
        shift
        ;;
    --budget)
        [ $# -gt 1 ] || refuse "--budget needs a value: minutes, hours or day"
        case $2 in
        minutes) choose large_kernel knn_deformation ;;
        hours) choose strided_long residual_long large_kernel_long_normalized knn_deformation ;;
        day) choose m5_long wide_residual_normalized knn_deformation ;;
        *) refuse "--budget is minutes, hours or day, not $2" ;;
        esac
        shift
        ;;
    --baselines)
        choose logistic_pca forest_pca svm_pca svm_gradient knn knn_deformation lightgbm dnn dnn_augmented ann_tuned \
            cnn_augmented
        ;;
    -h | --help) usage && exit 0 ;;
    -*) refuse "unknown option $1" ;;
    *) named+=("$1") ;;
    esac
    shift
done

[ ${#named[@]} -eq 0 ] || choose "${named[@]}"
[ ${#experiments[@]} -gt 0 ] || choose strided residual large_kernel

source scripts/environment.sh
requirements=(requirements.txt)
case " ${training[*]} " in *" --runner ray "*) requirements+=(requirements-ray.txt) ;; esac
case " ${training[*]} " in *" --log "*) requirements+=(requirements-tracking.txt) ;; esac
if nvidia-smi >/dev/null 2>&1 && [ "${KERAS_BACKEND:-jax}" = jax ]; then
    requirements+=(requirements-gpu-jax.txt)
fi
ensure_environment "${requirements[@]}"
if [[ " ${requirements[*]} " == *gpu-jax* ]] && "$PYTHON" -c 'import jax; jax.devices("gpu")' 2>/dev/null; then
    export KERAS_BACKEND=jax
fi

step() {
    echo "== $1 (after $SECONDS s)" >&2
}

step "data"
if [ -z "$sample" ] && [ -f "${DIGITS_WORKSPACE:-.}/input/test_labels.csv" ]; then
    step "data: the workspace ${DIGITS_WORKSPACE:-.} holds the embedded sample"
    sample=yes
fi
if [ -z "$sample" ]; then
    status=0
    "$PYTHON" -m scripts.download_data || status=$?
    if [ "$status" = 3 ]; then # no credentials
        step "data: no Kaggle credentials and no files in input/, so the embedded sample is used"
        sample=yes
    elif [ "$status" != 0 ]; then
        exit "$status"
    fi
fi
if [ -n "$sample" ]; then
    export DIGITS_WORKSPACE=${DIGITS_WORKSPACE:-$PWD/.sample}
    "$PYTHON" -m scripts.download_data --sample
fi

step "folds"
[ -f "${DIGITS_WORKSPACE:-.}/folds/folds.json" ] || "$PYTHON" -m scripts.make_folds
step "training"
"$PYTHON" -m scripts.train "${training[@]}" "${experiments[@]}"
step "scoreboard"
"$PYTHON" -m scripts.evaluate
step "blend"
"$PYTHON" -m scripts.ensemble "${experiments[@]}"
step "done"
