"""What an import did: counted, noted, and the refused rows as a file that can be mended and sent again."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.pipeline import Prepared, Refused
from ingest.quantities import excerpt


@dataclass
class ImportReport:
    """Counts are pieces of evidence, a refused file counting as one: read = stored + already here + refused + empty.

    `stored` includes `changed`, pieces whose text is new under an identity that was known. `withdrawn` are passages
    that a new revision of a report no longer holds. `questions` are what its numbers leave open. `unknown` are names in
    the data that no term bears, `near` those of terms that are called almost so, by the name in the data.
    """

    read: int = 0
    stored: int = 0
    already_here: int = 0
    empty: int = 0
    changed: int = 0
    withdrawn: int = 0
    files: int = 0
    refused_rows: list[Refused] = field(default_factory=list)
    refused_file: str | None = None
    notes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    near: dict[str, list[str]] = field(default_factory=dict)
    studies: dict[int, str] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """How many rows and files were refused."""
        return len(self.refused_rows)

    def refuse(self, refused: Refused) -> None:
        """Count a row or file that does not go in."""
        self.read += 1
        self.refused_rows.append(refused)

    def note(self, name: str, prepared: Prepared) -> None:
        """Take over what reading a file said."""
        for refused in prepared.refused:
            self.refuse(replace(refused, file=name))
        self.empty += prepared.empty
        self.read += prepared.empty + len(prepared.drafts)
        self.notes.extend(f"{name}: {note}" for note in prepared.notes)
        for draft in prepared.drafts:
            for stated in draft.quantities:
                said = excerpt(draft.text, stated)
                self.questions.extend(f"{name}: “{said}”: {question}" for question in stated.questions)

    def study(self, study_id: int, title: str) -> None:
        """Note a study that the import touched."""
        self.studies[study_id] = title

    def write_refused(self, folder: Path, job_id: int | None) -> None:
        """Write the refused rows as CSV: file, row, field, cause and the redacted values, if there are any."""
        if not self.refused_rows:
            return
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"refused-{job_id or 'dry-run'}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "row", "field", "cause", "values"))
            for item in self.refused_rows:
                values = json.dumps(item.values, ensure_ascii=False)
                writer.writerow((item.file, item.row or "", item.field, item.cause, values))
        self.refused_file = str(path)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "read": self.read,
            "stored": self.stored,
            "already_here": self.already_here,
            "refused": self.refused,
            "refused_file": self.refused_file,
            "empty": self.empty,
            "changed": self.changed,
            "withdrawn": self.withdrawn,
            "files": self.files,
            "studies": [{"id": study_id, "title": title} for study_id, title in self.studies.items()],
            "notes": self.notes,
            "questions": self.questions,
            "unknown": dict(self.unknown),
            "near": self.near,
        }
