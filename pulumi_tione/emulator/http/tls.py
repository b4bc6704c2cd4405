"""TLS: a certificate authority of the emulator, made at its start and discarded at its end.

trustme makes an authority and a certificate in two calls, with the extensions that strict clients require. The
authority's key is never written to a file, so trusting the authority has no effect after the emulator has ended.

`--tls` turns it on; the file that clients must trust is `Emulator.ca_file`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory


class Certificates:
    """The certificate that a server presents for some names, and the authority that a client must trust."""

    def __init__(self, names: Iterable[str]) -> None:
        # Imported here, as an emulator without TLS does not need it.
        import trustme

        authority = trustme.CA(organization_name="pulumi_tione emulator")
        self.for_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(self.for_server)
        self._folder = TemporaryDirectory(prefix="pulumi-tione-emulator-")
        self.ca_file = Path(self._folder.name, "ca.pem")
        authority.cert_pem.write_to_path(str(self.ca_file))

    def close(self) -> None:
        self._folder.cleanup()
