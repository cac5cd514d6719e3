import hashlib
import tempfile

from odoo import http
from odoo.addons.ipai_series.compat import check_access
from odoo.http import content_disposition, request
from werkzeug.wsgi import wrap_file

#: Bytes read at once.
CHUNK = 1 << 20


class BundleController(http.Controller):
    @http.route("/ipai_release_governance/bundle/<int:release_id>", type="http", auth="user")
    def download(self, release_id):
        """The evidence bundle of a release, for whoever may read the release."""
        release = request.env["ipai.release"].browse(release_id).exists()
        if not release:
            raise request.not_found()
        check_access(release, "read")
        # It is sent from the disk, however large it is, and closed with the answer.
        file = tempfile.TemporaryFile()  # noqa: SIM115
        release._write_bundle(file)
        release._tell_download(_sha256(file))
        file.seek(0)
        headers = [
            ("Content-Type", "application/zip"),
            ("Content-Disposition", content_disposition(release._bundle_name())),
            ("X-Content-Type-Options", "nosniff"),
        ]
        body = wrap_file(request.httprequest.environ, file)
        return http.Response(body, headers=headers, direct_passthrough=True)


def _sha256(file):
    file.seek(0)
    sha256 = hashlib.sha256()
    while data := file.read(CHUNK):
        sha256.update(data)
    return sha256.hexdigest()
