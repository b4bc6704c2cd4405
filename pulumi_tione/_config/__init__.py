"""Where settings and credentials come from.

`settings.py` has every setting and the order of the sources, `sources.py` one source and the credentials in it,
`credential_files.py` the files of `tccli` and the SDK, `secret_settings.py` the settings that must be encrypted.
Temporary credentials are obtained in `_api/credentials.py`.
"""
