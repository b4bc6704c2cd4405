"""The regions that requests may name.

A request that names another region is refused in `http/gateway.py`. The provider's default region is in
`_config/settings.py`.
"""

from __future__ import annotations

DEFAULT_REGION = "ap-guangzhou"
"""The region of the examples. It is not a default of the API, which requires a region."""

REGIONS = frozenset(
    {
        "ap-bangkok",
        "ap-beijing",
        "ap-beijing-fsi",
        "ap-chengdu",
        "ap-chongqing",
        "ap-guangzhou",
        "ap-hongkong",
        "ap-jakarta",
        "ap-nanjing",
        "ap-seoul",
        "ap-shanghai",
        "ap-shanghai-adc",
        "ap-shanghai-fsi",
        "ap-shenzhen-fsi",
        "ap-singapore",
        "ap-tokyo",
        "ap-zhongwei",
        "eu-frankfurt",
        "na-ashburn",
        "na-siliconvalley",
        "sa-saopaulo",
    }
)
"""The regions of Tencent Cloud; the vendor's definition does not list those that offer TI-ONE."""
