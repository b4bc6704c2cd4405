"""TLS: a certificate authority of the emulator's own, made at its start and forgotten at its end.

By trustme, which was made for this: an authority and a certificate in two calls, with the extensions that strict
clients insist on. The authority's key is never written to a file: what a client came to trust by it is worth nothing
once the emulator has ended.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory


class Certificates:
    """What a server needs to answer under certain names, and what a client needs to believe it."""

    def __init__(self, names: Iterable[str]) -> None:
        # Imported here: an emulator without TLS does without it.
        import trustme

        authority = trustme.CA(organization_name="pulumi_tione emulator")
        self.for_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(self.for_server)
        self._folder = TemporaryDirectory(prefix="pulumi-tione-emulator-")
        self.ca_file = Path(self._folder.name, "ca.pem")
        authority.cert_pem.write_to_path(str(self.ca_file))

    def close(self) -> None:
        self._folder.cleanup()
