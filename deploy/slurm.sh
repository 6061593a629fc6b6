#!/bin/bash
# A SLURM array of 16 shards: sbatch deploy/slurm.sh. A task that is preempted is queued again and goes on.
#SBATCH --job-name=caption-sim
#SBATCH --array=0-15
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail
export NUMBA_CACHE_DIR=/shared/kernels # filled ahead: python -m sim compile study.yaml
srun python -m sim run study.yaml --out /shared/study --shards 16 --workers "$SLURM_CPUS_PER_TASK"
