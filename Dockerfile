# The portal alone, on the committed study: no torch, no compiler, not root.
#   docker build -t fashion-portal . && docker run --rm -p 8501:8501 --memory 1g fashion-portal
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN useradd --uid 10001 --create-home portal

COPY portal/requirements.lock portal/requirements.lock
RUN python -m pip install --require-hashes --only-binary :all: -r portal/requirements.lock

COPY .streamlit .streamlit
COPY artifacts artifacts
COPY pages pages
COPY portal portal

USER portal
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "portal", "--host", "0.0.0.0"]
