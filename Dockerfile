# The page in a container; docs/deploy.md says more.
#
#     docker build -t resnet-hub .
#     docker run -p 7860:7860 -v resnet-hub:/data resnet-hub owner/name
FROM python:3.11-slim

# More options for pip, such as another index whose torch has no CUDA: with it the image is some gigabytes smaller.
ARG PIP_OPTIONS=""

RUN useradd --create-home --uid 1000 page && install --directory --owner=page --group=page /data
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt ${PIP_OPTIONS}
COPY app.py LICENSE ./
COPY resnet_hub ./resnet_hub

# What is downloaded from the Hub stays in the volume, so that a new container need not fetch it again.
ENV HOST=0.0.0.0 PORT=7860 HF_HOME=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 7860
USER page

# The first start downloads the network.
HEALTHCHECK --interval=30s --timeout=10s --start-period=180s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=8)"]

# Python as the first process takes no notice of SIGTERM, but ends at SIGINT.
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "app.py"]
