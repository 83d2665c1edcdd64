"""What has to be known before the first stream is judged.

A controller that has just started has heard no pod and measured no lag. If it said so, each restart
would turn every stream's conditions over, and back again seconds later.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from videostream_controller.sampler import LagSampler
    from videostream_controller.status_feed import StatusFeed
    from videostream_controller.store import Store

_log = logging.getLogger(__name__)
_SWEEPS: Final = 2  # an age of lag takes two
_WITHIN_S: Final = 20.0  # after that, what is not known is said not to be
_PERIOD_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Waits for the lag of all streams and for the last word of their pods.

    The sampler begins when the streams are known, so its first sweeps are of all of them.
    """

    streams: Store
    sampler: LagSampler
    feed: StatusFeed
    connections: Collection[str]

    async def take(self) -> None:
        """Return when all that can be known is known; at once where there is no stream."""
        if not len(self.streams):
            return
        try:
            async with asyncio.timeout(_WITHIN_S):
                while not self._is_known():  # noqa: ASYNC110 two parties would have to set a flag
                    await asyncio.sleep(_PERIOD_S)
        except TimeoutError:
            _log.warning("not everything could be looked at within %.0f s", _WITHIN_S)

    def _is_known(self) -> bool:
        if not self.sampler.has_targets():  # they are all new: no pod has spoken, nothing waits
            return True
        heard = all(
            name in self.sampler.down or self.feed.is_caught_up(name) for name in self.connections
        )
        return heard and self.sampler.sweeps >= _SWEEPS
