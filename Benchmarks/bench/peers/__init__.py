"""The proxies measured: each knows its program, its configuration for a Site, and its readiness."""

from __future__ import annotations

from .envoy import Envoy
from .haproxy import HAProxy
from .isthmus import Isthmus
from .nginx import Nginx

__all__ = ["Envoy", "HAProxy", "Isthmus", "Nginx"]
