"""Packaging of pulumi-tione. The settings of the development tools are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

VERSION = "0.1.0"
REPOSITORY = "https://github.com/pulumi-tione/pulumi-tione"
"""Where the source is published. The release workflow refuses to publish from another repository."""

EMULATOR = [
    "aiohttp>=3.11,<4",  # the HTTP server of the local TI-ONE
    "trustme>=1.2.1,<2",  # the certificate of --tls
]
DEVELOPMENT = [
    "cmarkgfm>=2024.11",  # the renderer of GitHub, and another one: a review reads the same in both
    "markdown-it-py[linkify]>=3",
    "jsonschema>=4.23",  # holds the JSON of a review against its published schema
    "types-jsonschema>=4.23",
    "griffelib>=2.3,<3",  # reads declarations and docstrings without importing them: the reference
    "grpc-stubs>=1.53",
    "hypothesis>=6.100",
    "import-linter>=2.1",
    "mypy>=1.13",
    "pytest>=8.3",
    "pytest-cov>=6.0",
    "pytest-timeout>=2.3",  # a test that hangs must not hang the rest
    "pytest-xdist>=3.6",
    "detect-secrets>=1.5",  # knows the forms of keys and tokens, works offline, and takes our own detector
    "ruff>=0.9",
    "tencentcloud-sdk-python-tione>=3.1.191",  # the typed clients, which the emulator must satisfy
    "tencentcloud-sdk-python-tag>=3.1.109",
    "tencentcloud-sdk-python-sts>=3.0.1459",
    "tencentcloud-sdk-python-vpc>=3.1.193",
    "tencentcloud_iac_pulumi>=0.2.3",  # the neighbours of a task in the examples: VPC, subnet, bucket
    "types-protobuf>=5",
    "types-PyYAML>=6.0.12",
    "types-requests>=2.32",
    # The documentation from a plain mkdocs.yml, with checked links; by Material's team. There is none for Python 3.10.
    "zensical>=0.0.73,<0.2; python_version >= '3.11'",
]
_LINK = re.compile(r"(?P<image>!?)(?P<text>\[[^\]]*\])\((?P<target>[^):\s]+)\)")


def long_description() -> str:
    """Return the README with absolute links to this version: the page of the package index has no other files."""

    def absolute(link: re.Match[str]) -> str:
        target = link["target"] if not link["target"].startswith("#") else f"README.md{link['target']}"
        return f"{link['image']}{link['text']}({REPOSITORY}/{'raw' if link['image'] else 'blob'}/v{VERSION}/{target})"

    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _LINK.sub(absolute, part) for part in parts)


setup(
    name="pulumi-tione",
    version=VERSION,
    description="Pulumi resources for the training tasks of Tencent Cloud TI-ONE",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    url=REPOSITORY,
    project_urls={
        "Documentation": f"{REPOSITORY}/blob/v{VERSION}/docs/index.md",
        "Source": REPOSITORY,
        "Changelog": f"{REPOSITORY}/blob/v{VERSION}/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    },
    keywords=[
        *("pulumi", "infrastructure-as-code", "tencent-cloud", "tencentcloud", "ti-one", "tione"),
        *("machine-learning", "training", "gpu"),
    ],
    python_requires=">=3.10",
    options={"build": {"build_base": ".cache/build"}},  # `pip install .` leaves no `build/` behind
    packages=find_packages(include=["pulumi_tione", "pulumi_tione.*"]),
    package_data={
        "pulumi_tione": ["py.typed"],
        "pulumi_tione.emulator.api": ["action_codes.json", "definition.json"],
        "pulumi_tione.review": ["schema.json"],
    },
    install_requires=[
        "click>=8.1,<9",  # the command line
        "grpcio>=1.68.1",  # as pulumi; messages on a resource's own row go through it
        "pulumi>=3.268,<4",  # the first release in which `get` works for dynamic resources
        "pyrate-limiter>=4.5,<5",  # the rate limit: typed, without dependencies, and with a clock of our own
        "pyyaml>=6,<7",  # as pulumi; the files Pulumi.yaml and Pulumi.<stack>.yaml
        "requests>=2.34",  # what the Tencent Cloud SDK sends with; its errors show what happened
        "rich>=13.7,<16",  # columns in a terminal that fit Chinese names: typed, and kept up
        "tencentcloud-sdk-python-common>=3.1.195,<4",  # signs and sends; its generic client needs no other part
        "tenacity>=9,<10",  # attempts and pauses, with an injected sleep
        "typing_extensions>=4.12",  # Required and Unpack on Python 3.10
    ],
    entry_points={
        "console_scripts": ["pulumi-tione = pulumi_tione.cli:main"],
        # The name is the module's, so that pytest does not register it twice under `-p`.
        "pytest11": ["pulumi_tione.emulator.pytest_plugin = pulumi_tione.emulator.pytest_plugin"],
    },
    extras_require={
        "emulator": EMULATOR,
        "dev": EMULATOR + DEVELOPMENT,
        "mutants": ["mutmut>=3.8.1,<4"],
        "pictures": ["pyte>=0.8.2"],  # a terminal without a window: what a command shows while it runs
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Framework :: Pytest",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Natural Language :: Chinese (Simplified)",
        "Natural Language :: English",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: System :: Distributed Computing",
        "Topic :: System :: Systems Administration",
        "Typing :: Typed",
    ],
)
