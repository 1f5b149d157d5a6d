"""What `landcycle serve` says when everything runs: addresses, keys to try, and lines that work when pasted."""

from __future__ import annotations

from collections.abc import Mapping


def text(address: str, kafka: str, keys: Mapping[str, str], parcel_id: str | None) -> str:
    """`kafka` is empty where there is none; without keys (production) nothing is there to try, without a parcel no status."""
    lines = [
        f"\nLandcycle 已启动 is running on {address}   （Ctrl-C 停止 stops it）",
        f"  接口文档 API        {address}/docs   {address}/openapi.json",
    ]
    if kafka:
        lines.append(f"  Kafka              {kafka}   topics parcel.alerts.v1 parcel.events.v1 parcel.status.v1")
    lines += [f"  密钥 key {name:<12} {key}" for name, key in keys.items()]
    if keys:
        curl = f'  curl -s -H "Authorization: Bearer {keys["regulator"]}" "{address}'
        status = [f"/v1/parcels/{parcel_id}/status"] if parcel_id else []
        paths = ("/v1/parcels?limit=5", *status, "/v1/alerts?level=RED")
        lines += ["\n试一试 try:", *(f'{curl}{path}"' for path in paths)]
    return "\n".join(lines)
