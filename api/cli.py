"""The command line (contract 7): every command answers --help, exits 0 only on success, says in one line what was wrong."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import TyperException

from api.commands import alerts, config, grading, history_in, keys, log, moving_parts, rollup, rules, schema, topics

app = typer.Typer(name="landcycle", help="产业用地全生命周期共同监管 · joint supervision of industrial land over its whole life.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_enable=False)  # fmt: skip
for part in (moving_parts, history_in, rules, grading, log, topics, rollup, schema):
    app.add_typer(part.app)
app.add_typer(moving_parts.parked, name="parked")
app.add_typer(rules.calendar_app, name="calendar")
app.add_typer(keys.app, name="keys")
app.add_typer(alerts.app, name="alerts")
app.add_typer(topics.dead_letters_app, name="dlq")
app.add_typer(config.app, name="config")


def main() -> None:
    """Entry point of `landcycle`. A wrong use is told in one line, like every other mistake, and where the right one stands."""
    try:
        code = app(prog_name="landcycle", standalone_mode=False)
    except TyperException as error:
        message = error.format_message().strip()
        if "\n" not in message:  # else it is the help that a group shows when nothing is asked of it
            context = getattr(error, "ctx", None)
            message = f"{message}（用法见{context.command_path if context else 'landcycle'} --help） (USAGE)"
        typer.echo(message, err=True)
        code = error.exit_code
    except typer.Abort:
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
