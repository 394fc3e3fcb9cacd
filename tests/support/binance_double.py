"""A hand-written double of one Binance endpoint, from the exchange's public documents.

"Get API Key Permission" (Wallet endpoints) gives the answer's members; "Endpoint security type"
gives the signature: HMAC-SHA-256 in hex over the query as sent, and the rule for ``timestamp``
(not older than ``recvWindow``, not more than a second ahead); "Error Codes" gives -1021, -1022,
-2014 and -2015. It checks every signature that it gets.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

from tests.support.http_double import Reply, Request

PATH = "/sapi/v1/account/apiRestrictions"
RESTRICTIONS: dict[str, Any] = {
    "ipRestrict": True,
    "createTime": 1698645219000,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "enableMargin": False,
    "enableFutures": False,
    "permitsUniversalTransfer": False,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": False,
    "enableSpotAndMarginTrading": False,
    "enablePortfolioMarginTrading": False,
}


class BinanceDouble:
    """Answers for one key at one moment."""

    def __init__(self, key: str, secret: str, now: datetime) -> None:
        self.key = key
        self.secret = secret
        self.now_ms = int(now.timestamp() * 1000)
        self.restrictions = dict(RESTRICTIONS)

    def __call__(self, request: Request) -> Reply:
        query = request.query
        signed, _, signature = request.raw_query.rpartition("&signature=")
        expected = hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        presented = request.headers.get("x-mbx-apikey", "")
        age = self.now_ms - int(query.get("timestamp", "0"))
        if (request.method, request.path) != ("GET", PATH):
            return Reply(404, b"<html>not found</html>", {"Content-Type": "text/html"})
        if not presented.isalnum():
            return Reply(401, {"code": -2014, "msg": "API-key format invalid."})
        if not -1000 <= age <= int(query.get("recvWindow", "5000")):
            return Reply(400, {"code": -1021, "msg": "Timestamp outside of the recvWindow."})
        if presented != self.key:
            return Reply(401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions."})
        if not hmac.compare_digest(expected, signature):
            return Reply(400, {"code": -1022, "msg": "Signature for this request is not valid."})
        return Reply(200, self.restrictions, {"X-SAPI-USED-IP-WEIGHT-1M": "1"})
