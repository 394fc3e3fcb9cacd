"""The sample organisation as files: repository, spreadsheet, settings; its AWS runs beside it."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from keyproof.app.demo import repository, spreadsheet, values
from keyproof.app.demo.aws import DemoAccount
from keyproof.app.demo.moto_server import REGION
from keyproof.errors import UsageError

MARK = ".keyproof-demo"
_SETTINGS = """\
# The settings of the demo: what yours would look like. `keyproof init` writes a start.
version: 1
sources:
  shop: {{connector: git, path: shop}}
  # The sample AWS account exists while the demo runs, on this address only: no real one is asked.
  aws: {{connector: aws_iam, region: {region}, endpoint: "{endpoint}"}}
  gateway-and-exchange-keys:
    connector: file
    path: keys.csv
    fingerprint_column: {column}
fail_on: high
store: keyproof.db
trackers:
  tickets: {{tracker: file, folder: tickets}}
tickets: {{limit: 500}}
targets:
  payments-deployment:
    target: aws_secrets_manager
    secret: {secret}
    region: {region}
    endpoint: "{endpoint}"
rotations:
  - source: aws
    rotator: aws_iam
    principals: [{user}]
    targets: [payments-deployment]
    overlap_hours: 24
    soak_hours: 24
"""


def make_folder(folder: Path) -> None:
    """Make an empty folder for the demo; one that an earlier demo made is emptied first.

    Raises:
        UsageError: the folder exists and is not an earlier demo's.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise UsageError(f"{folder} exists and no demo made it", hint="name another: --folder NAME")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("made by `keyproof demo`, which may delete this folder\n")


def write_files(folder: Path, account: DemoAccount, endpoint: str, as_of: datetime) -> Path:
    """Write everything that is not AWS's into the folder; return the settings file."""
    gateway_key = values.gateway_key()
    secrets = repository.DemoSecrets(
        aws_key_id=account.leaked_key_id,
        aws_secret=account.leaked_secret,
        github_token=values.github_token(),
        stripe_key=values.stripe_key(),
        gateway_key=gateway_key,
        database_password=values.database_password(),
    )
    repository.build(folder / "shop", as_of, secrets)
    spreadsheet.write(folder / "keys.csv", as_of, gateway_key)
    path = folder / "keyproof.yaml"
    path.write_text(
        _SETTINGS.format(
            region=REGION,
            endpoint=endpoint,
            column=spreadsheet.FINGERPRINT_COLUMN,
            secret=account.secret_name,
            user=account.leaked_user,
        )
    )
    return path
