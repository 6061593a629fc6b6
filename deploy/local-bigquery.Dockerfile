# A BigQuery server for tests, without an account:
#   docker build -t local-bigquery -f deploy/local-bigquery.Dockerfile . && docker run --rm --network host local-bigquery
FROM python:3.13-slim
RUN useradd --uid 10001 --create-home sim \
 && mkdir /data \
 && chown sim /data
COPY scripts/local_bigquery.py /opt/local_bigquery.py
USER 10001
RUN python /opt/local_bigquery.py --build
ENTRYPOINT ["python", "/opt/local_bigquery.py", "--port", "9050", "--data-dir", "/data"]
