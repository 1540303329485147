"""`pocketscore verify` and `pocketscore sign`: is this the scorer it claims to be, and what is known of it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pocketscore.cli import options
from pocketscore.errors import ArtefactError, InputError


def verify(
    scorer: options.ScorerFile,
    key: Annotated[Path | None, typer.Option(help="Public key (PEM) of who signed the scorer.")] = None,
    signature: Annotated[
        Path | None, typer.Option(help="Its signature; the file beside the scorer if not given.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The responses that it should have been made from.")] = None,
) -> None:
    """Check a scorer without a network and print its certificate.

    The file is whole and unchanged, its tensors are those of its architecture, and it gives its golden texts the scores
    they had where it was made. With --key, who vouches for it; with --data, what it was made from.
    """
    from pocketscore.bundle import load
    from pocketscore.card import markdown

    loaded = load(scorer)
    typer.echo(f"{scorer}: whole, unchanged, and scores its golden texts as where it was made")
    if signature is not None and key is None:
        raise InputError("a signature is worth what its key is worth", "give the signer's public key with --key")
    if key is not None:
        from pocketscore.signing import SUFFIX, check

        check(scorer, signature or scorer.with_name(scorer.name + SUFFIX), key)
        typer.echo(f"signed with the key {key}")
    else:
        typer.echo("no key given: nobody vouches for it, and whoever changed it could have made its checksum anew")
    if data is not None:
        _check_data(loaded.card.get("data_sha256"), data)
    try:
        certificate = markdown(loaded.card, loaded.item)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArtefactError(f"the certificate in {scorer} is damaged ({error!r})", "get the file again") from error
    typer.echo("\n" + certificate, nl=False)


def sign(
    scorer: Annotated[Path | None, typer.Argument(help="Scorer to sign (.pocket).", metavar="[ITEM.pocket]")] = None,
    key: Annotated[Path | None, typer.Option(help="Your private key (PEM, Ed25519).")] = None,
    new_key: Annotated[
        Path | None, typer.Option(help="Make a pair of keys: this file, and NAME.pub.pem for everyone.")
    ] = None,
) -> None:
    """Sign a scorer, so that others can check with `pocketscore verify` that it is yours."""
    from pocketscore.signing import new_keys
    from pocketscore.signing import sign as sign_file

    if new_key is not None:
        typer.echo(f"public key, for everyone: {new_keys(new_key)}; keep {new_key} to yourself")
    key = key or new_key
    if scorer is not None and key is None:
        raise InputError("nothing to sign with", "give --key, or make one with --new-key")
    if scorer is None and new_key is None:
        raise InputError("nothing to do", "give a scorer and --key, or --new-key")
    if scorer is not None and key is not None:
        from pocketscore.bundle import load

        load(scorer)  # nobody should vouch for a damaged file
        typer.echo(f"signature: {sign_file(scorer, key)}")


def _check_data(claimed: object, data: Path) -> None:
    import hashlib

    from pocketscore.data.files import read_bytes

    found = hashlib.sha256(read_bytes(data)).hexdigest()
    if found != claimed:
        raise ArtefactError(
            f"the scorer was made from data with SHA-256 {claimed or 'unknown'}, {data} has {found}",
            "give the file that it was made from, unchanged",
        )
    typer.echo(f"made from {data}")
