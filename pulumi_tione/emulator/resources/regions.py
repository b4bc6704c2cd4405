"""The regions that requests may name."""

from __future__ import annotations

DEFAULT_REGION = "ap-guangzhou"
"""The region of the examples; it is no default of the API, where a region must be named."""

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
"""Tencent Cloud's regions; which of them offer TI-ONE is not written in the vendor's definition."""
