# The official image, the suite's Python packages and its addons.
FROM odoo:18.0

USER root
COPY requirements/suite.txt /tmp/suite.txt
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-dejavu-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && pip3 install --no-cache-dir --break-system-packages --requirement /tmp/suite.txt \
    && rm /tmp/suite.txt
COPY addons /mnt/extra-addons
USER odoo
