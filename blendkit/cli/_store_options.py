"""Options of commands that fill stores: which share of the recordings, and what is done about what is saved."""

from __future__ import annotations

from typing import Any

import click


class ShardType(click.ParamType):  # type: ignore[type-arg]
    """A share of the recordings."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the shard."""
        from blendkit.scoring import Shard

        try:
            return value if isinstance(value, Shard) else Shard.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


shard_option = click.option(
    "--shard",
    type=ShardType(),
    metavar="I/N",
    help="Score only share I of N of the recordings, dealt by their ids; `blendkit merge` joins the shares.",
)


verify_option = click.option(
    "--verify",
    is_flag=True,
    help="Look at the hash of every saved part, and score damaged ones again (default: believe size and time).",
)


replace_option = click.option(
    "--replace",
    is_flag=True,
    help="Go through recordings again whose files hold other audio than when the store was filled (default: an error).",
)
