"""``blankslide certificate``: make a certificate for slides, or check one.

Making judges every slide like `verify` and changes none. Checking answers each question by a line of its own: the seal,
the words, the ledger, each slide.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from blankslide.cli.slides import Row
    from blankslide.pipeline import Options
    from blankslide.records.certificate_check import Answer
    from blankslide.records.certificate_slide import Judged

_KEY = click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="The site's key.")
_LEDGER = click.option("--ledger", metavar="URL|none", help="Where runs are recorded: asked, never written to.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")


class _WithDefault(click.Group):
    """A group whose usual command need not be named: ``certificate PATH...`` makes one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the usual command before arguments that name none."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_WithDefault)
def certificate() -> None:
    r"""Say on paper what was done to slides, or check such a paper.

    \b
    blankslide certificate PATH... --out FILE.html|.pdf|.json    make one
    blankslide certificate check FILE [PATH...]                  is it unchanged, and are the slides?
    """


@certificate.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", required=True, metavar="FILE", help="The certificate: .html, .pdf or .json.")
@click.option("--held", default="", metavar="WORDS", help="Where your link table is held, in your own words.")
@click.option("--profile", default="research", metavar="NAME|FILE.toml", help="What slides are judged by.")
@click.option(
    "--thorough", is_flag=True, help="Look into every tile, and take SHA-256 of whole files; reads the slide."
)
@_KEY
@_LEDGER
@_JSON
def make(paths: tuple[str, ...], out: str, held: str, profile: str, thorough: bool, as_json: bool, **more: Any) -> None:
    """Judge slides as they are, and write a certificate. Changes no slide; no values, no telling names."""
    from blankslide.errors import BlankslideError
    from blankslide.records import certificate as certificates

    try:
        certificates.check_target(Path(out))
        held = certificates.statement(held)
        options = _options(profile, thorough, more["key"], more["ledger"])
        sys.exit(_made(paths, Path(out), held, options, as_json))
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())


def _made(paths: Sequence[str], out: Path, held: str, options: Options, as_json: bool) -> int:
    from blankslide.cli.slides import Runner
    from blankslide.cli.stopping import STOPPED
    from blankslide.records import certificate as certificates

    judged: list[Judged] = []
    runner = Runner(as_json, failed=lambda row: judged.append(_refused(row)))
    code = runner.run(paths, lambda path: _judge(path, options, judged, as_json))
    if code == STOPPED or not judged:
        print("no certificate was written", file=sys.stderr)
        return code or 3
    profile = options.resolved().name
    data = certificates.content(judged, options.ledger, profile=profile, held=held, thorough=options.thorough)
    certificates.write(out, certificates.sealed(data, options.key))
    if not as_json:
        _tell(data, options)
    return code


def _judge(path: Path, options: Options, judged: list[Judged], as_json: bool) -> Row:
    from blankslide import pipeline
    from blankslide.cli.slides import from_outcome
    from blankslide.pipeline.certifying import judged_of
    from blankslide.presentation import wording as words

    certified = pipeline.certify(path, options, options.thorough)
    judged.append(judged_of(certified, options.key))
    if not as_json:
        print(words.after_line(path, certified.outcome, wrote=False).replace(" · nothing to do", ""))
    return from_outcome(path, certified.outcome)


def _refused(row: Row) -> Judged:
    from blankslide.records.certificate_slide import Judged

    return Judged(row.path.name, None, error=row.error or "")


def _tell(data: dict[str, Any], options: Options) -> None:
    """Say what the certificate cannot say, so that nobody finds out from the paper."""
    without = sum(1 for slide in data["slides"] if "error" not in slide and not slide["done"])
    if without:
        print(f"certificate: no ledger entry for {without} of {len(data['slides'])}; it says so", file=sys.stderr)
    if options.key is None:
        print("certificate: not sealed, as there is no site key; it says so", file=sys.stderr)


@certificate.command()
@click.argument("file", metavar="FILE")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@_KEY
@_LEDGER
@_JSON
def check(file: str, paths: tuple[str, ...], key: str | None, ledger: str | None, as_json: bool) -> None:
    """Say whether a certificate is unchanged, fits the ledger, and is still about these slides."""
    from blankslide.errors import BlankslideError
    from blankslide.records import certificate_check as checks

    try:
        options = _options("research", False, key, ledger)
        held = checks.read(Path(file))
        answers = [held.words, checks.seal(held.data, options.key), *checks.ledger(held.data, options.ledger)]
        if not as_json:
            _say(answers)
        found, code = _slides(held.data, paths, options, as_json)
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())
    answers += found
    if as_json:
        import json

        print(json.dumps({"answers": [answer._asdict() for answer in answers]}, ensure_ascii=True, indent=1))
    sys.exit(max(code, checks.code_of(answers)))


def _slides(data: Any, paths: Sequence[str], options: Options, as_json: bool) -> tuple[list[Answer], int]:
    """Hold slides in hand against the certificate; one that cannot be read does not stop the others."""
    from blankslide import pipeline
    from blankslide.errors import BlankslideError, worst_code
    from blankslide.presentation import wording as words
    from blankslide.records import certificate_check as checks

    answers, codes = [], []
    for path in pipeline.slides_in(paths, lambda other: None):
        try:
            evidence = pipeline.evidence_of(path, options, bool(data["thorough"]))
        except (BlankslideError, OSError) as error:
            problem = pipeline.problem_of(error)
            print(words.error_line(path, problem), file=sys.stderr)
            codes.append(problem.exit_code)
            continue
        seen = checks.Seen(
            evidence.after if options.key else "",
            evidence.sha256,
            [(file.size, file.sha256) for file in evidence.files],
        )
        answer = checks.slide(data, words.shown(path), seen, options.key)
        answers.append(answer)
        if not as_json:
            _say([answer])
    if paths and not answers and not codes:
        print("no slide found there", file=sys.stderr)
        codes.append(3)
    return answers, worst_code(codes)


def _say(answers: Sequence[Answer]) -> None:
    sign = {"holds": "ok ", "fails": "NO ", "unknown": "?  "}
    for answer in answers:
        print(sign[answer.verdict] + answer.sentence)


def _options(profile: str, thorough: bool, key: str | None, ledger: str | None) -> Options:
    from blankslide.api import options

    made = options(profile, key=key, ledger=ledger, looks=True, asked_only=True)
    made.thorough = thorough
    return made


def _fail(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)
