#!/usr/bin/env bash
# Compute test metrics in several processes on this machine, one a GPU, or CPU processes over gloo where there is no CUDA:
#   tools/dist_test.sh CONFIG CHECKPOINT NUM_PROCESSES [arguments of tools/test.py]
# PORT (default: a free one), NNODES, NODE_RANK and MASTER_ADDR are read for runs over several machines.
set -euo pipefail
if [ $# -lt 3 ]; then sed -n '2,4p' "$0" >&2; exit 2; fi
CONFIG=$1 CHECKPOINT=$2 PROCESSES=$3
RENDEZVOUS=(--standalone)
if [ "${NNODES:-1}" -gt 1 ]; then
    RENDEZVOUS=(--nnodes="$NNODES" --node_rank="${NODE_RANK:-0}" --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}")
fi
exec "${PYTHON:-python}" -m torch.distributed.run "${RENDEZVOUS[@]}" --nproc_per_node="$PROCESSES" \
    "$(dirname "$0")/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "${@:4}"
