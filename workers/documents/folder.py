"""Read a dossier as people hand it over in a folder: dossier.yaml and the files it names."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workers.documents.examination import is_unsafe_name
from workers.errors import UserError
from workers.plain import is_control
from workers.regulation.identity import is_email_address
from workers.yaml_files import Source, read_model

FILE_NAME = "dossier.yaml"

LONGEST_TEXT = 1000


def _shows_what_it_says(text: str) -> str:
    if any(is_control(char) for char in text):
        message = "có ký tự điều khiển hoặc đổi chiều chữ, cần gõ lại"
        raise ValueError(message)
    return text


def _can_be_written_to(text: str) -> str:
    if not is_email_address(text):
        message = "cần địa chỉ thư điện tử, ví dụ ten@example.vn"
        raise ValueError(message)
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_shows_what_it_says),
]
Email = Annotated[Text, AfterValidator(_can_be_written_to)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Consent(_Section):
    """Say by which channels the applicant agreed to be notified; silence is no consent."""

    email: bool = False
    sms: bool = False


class FolderApplicant(_Section):
    """Name who files: a person or organisation with `name`, or a unit of the city with `unit`."""

    name: Text | None = None
    unit: Text | None = None
    id_number: Text | None = None
    tax_code: Text | None = None
    phone: Text | None = None
    email: Email | None = None
    address: Text | None = None
    language: Literal["vi", "en"] = "vi"
    consent: Consent = Consent()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.name is None) == (self.unit is None):
            message = "cần đúng một trong hai: name (người, tổ chức nộp) hoặc unit (mã đơn vị)"
            raise ValueError(message)
        return self


class FolderDocument(_Section):
    """Name one file of the folder and the paper of the composition that it is."""

    composition: Text
    file: Text
    original: Literal["original", "certified", "copy"]
    issued_on: date | None = None
    expires_on: date | None = None


class DossierFolder(_Section):
    """Hold what dossier.yaml says; the files are beside it."""

    kind: Literal["administrative_procedure", "work_dossier"]
    procedure: Text
    title: Text
    urgency: Literal["normal", "urgent"] = "normal"
    channel: Literal["in_person", "online", "postal"]
    origin_unit: Text
    applicant: FolderApplicant
    case: Text | None = None
    documents: tuple[FolderDocument, ...] = Field(min_length=1, max_length=200)


def load_folder(folder: Path) -> tuple[DossierFolder, Source]:
    """Read `folder`; the source is for checks to come.

    Raises UserError naming file, line and what is expected, all mistakes of one kind at once.
    """
    path = folder / FILE_NAME
    if not folder.is_dir():
        message = f"{folder}: không có thư mục này. Chỉ ra thư mục chứa {FILE_NAME} và các tệp của hồ sơ."
        raise UserError(message)
    if path.is_symlink():
        message = f"{path}: là liên kết tới tệp khác. Đặt chính tệp {FILE_NAME} vào thư mục hồ sơ."
        raise UserError(message)
    # A file's name may be written as the folder has it, and some systems name files in decomposed letters.
    dossier, source = read_model(path, DossierFolder, UserError, composed=False)
    _check_files(folder, dossier, source)
    if source.mistakes:
        raise source.failure(UserError)
    return dossier, source


def _check_files(folder: Path, dossier: DossierFolder, source: Source) -> None:
    seen = set()
    for index, document in enumerate(dossier.documents):
        location = ("documents", index, "file")
        if is_unsafe_name(document.file):
            expected = "cần tên tệp nằm ngay trong thư mục hồ sơ, không kèm đường dẫn"
            source.note(location, f"đang ghi “{document.file}”, {expected}.")
        elif not (folder / document.file).is_file() or (folder / document.file).is_symlink():
            source.note(location, f"đang ghi “{document.file}”, cần một tệp có thật trong thư mục hồ sơ.")
        elif (document.composition, document.file) in seen:
            source.note(location, f"“{document.file}” đã ghi cho cùng thành phần ở trên, cần bỏ mục lặp.")
        seen.add((document.composition, document.file))
