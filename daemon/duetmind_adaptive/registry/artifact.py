"""One file per model version, `model.duet`: a zip of `manifest.json` and `model.skops`, loaded without trust.

The order of checks matters: the whole file's sha256 before its first byte is parsed, sizes before anything is
inflated, the names of all types before any object is made, the trees' indices before any tree is walked. No pickle.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.registry.automl_types import TYPES as AUTOML_TYPES
from duetmind_adaptive.registry.loaded import LoadedModel
from duetmind_adaptive.registry.manifest import Manifest
from duetmind_adaptive.registry.tree_bounds import check_trees
from duetmind_adaptive.training.custom_pipeline.plugged import plugged_types

MANIFEST, PAYLOAD = "manifest.json", "model.skops"
MAX_MANIFEST_BYTES = 8 * 2**20
#: of the file, of its payload, and of everything in the payload
MAX_BYTES = 2**30

#: what pipelines of `training.custom_pipeline` hold beyond what skops trusts by itself (scikit-learn's estimators,
#: NumPy's arrays); the trees are trusted because `check_trees` looks into them, the boosters of the extra `boosting`
#: because nothing is parsed whose sha256 is not the registered one
ALLOWED_TYPES = (
    *AUTOML_TYPES,
    "collections.OrderedDict",
    "duetmind_adaptive.training.custom_pipeline.casting.ColumnCaster",
    "duetmind_adaptive.training.custom_pipeline.chained.ChainedImputer",
    "duetmind_adaptive.training.custom_pipeline.coded.CodedClassifier",
    "duetmind_adaptive.training.custom_pipeline.encoding.CategoryCoder",
    "duetmind_adaptive.training.custom_pipeline.frequency.FrequencyEncoder",
    "duetmind_adaptive.training.custom_pipeline.numbers.EmptyColumnFiller",
    "duetmind_adaptive.training.custom_pipeline.numbers.NeighbourImputer",
    "duetmind_adaptive.training.custom_pipeline.numbers.Winsorizer",
    "duetmind_adaptive.training.custom_pipeline.row_filter.RowFilter",
    "duetmind_adaptive.training.custom_pipeline.selection.CorrelationFilter",
    "duetmind_adaptive.training.custom_pipeline.texts.TextVectorizer",
    "duetmind_adaptive.training.custom_pipeline.thresholds.DecisionThreshold",
    "functools.partial",  # of check_array, inside histogram boosting; what it wraps must be allowed too
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)

#: the file's last bytes, a comment of the zip: the sha256 of all bytes before its digits
SEAL, SEAL_DIGITS = b"sha256:", 64

DAMAGED = "the artifact {path} is damaged: {why}; train or restore the version again"


def save_artifact(path: Path, pipeline: Any, manifest: Manifest) -> str:
    """Write the artifact atomically and durably.

    Parameters
    ----------
    path : Path
        Where it goes; its folder must exist.
    pipeline : sklearn.pipeline.Pipeline
        Fitted; classes are the codes 0, 1, … of `manifest.classes`.
    manifest : Manifest
        `payload_sha256` and `payload_bytes` are filled in here.

    Returns
    -------
    str
        The sha256 of the file, in hexadecimal. The file ends with a seal of its own, for those who have no other.

    Raises
    ------
    ArtifactError
        When the pipeline holds types that loading would refuse.
    """
    from skops import io as skops  # noqa: PLC0415 - imports all of scikit-learn

    payload = skops.dumps(pipeline)
    found = set(skops.get_untrusted_types(data=payload))
    if unknown := sorted(found - trusted_types(found)):
        raise ArtifactError(
            f"the model cannot be saved: its artifact would hold unknown types: {', '.join(unknown)}; a class of your "
            "own must be an entry point of duetmind.transformers or duetmind.algorithms"
        )
    described = manifest.model_copy(
        update={"payload_sha256": hashlib.sha256(payload).hexdigest(), "payload_bytes": len(payload)}
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST), described.model_dump_json(indent=1), zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(PAYLOAD), payload, zipfile.ZIP_DEFLATED)
        archive.comment = SEAL + b"0" * SEAL_DIGITS
    unsealed = content.getvalue()[:-SEAL_DIGITS]
    sealed = unsealed + hashlib.sha256(unsealed).hexdigest().encode()
    write_durably(path, sealed)
    return hashlib.sha256(sealed).hexdigest()


def trusted_types(found: set[str]) -> frozenset[str]:
    """What may be in an artifact that holds `found`: ours, and what installed packages registered as entry points.

    Plug-ins are looked at, which imports them, only when something else than ours was found.
    """
    ours = frozenset(ALLOWED_TYPES)
    return ours if found <= ours else ours | plugged_types()


def load_artifact(path: Path, sha256: str) -> LoadedModel:
    """Verify the file at `path` and load it; raises ArtifactError, one sentence, for anything but a sound artifact."""
    return parse_artifact(_content(path), sha256, name=str(path))


def load_sealed(path: Path) -> LoadedModel:
    """As `load_artifact`, for a file whose sha256 nobody registered: it is held to the seal that it ends with.

    The seal shows that the file is whole; who made it, it does not show.
    """
    content = _content(path)
    if content[-SEAL_DIGITS - len(SEAL) : -SEAL_DIGITS] != SEAL:
        raise ArtifactError(f"{path} is no artifact, or it was cut off: its end is not a seal; save the model again")
    if hashlib.sha256(content[:-SEAL_DIGITS]).hexdigest().encode() != content[-SEAL_DIGITS:]:
        raise ArtifactError(f"the artifact {path} was damaged or changed: its seal is broken; save the model again")
    return parse_artifact(content, hashlib.sha256(content).hexdigest(), name=str(path))


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ArtifactError(DAMAGED.format(path=path, why=f"{size} bytes are more than a model may have"))
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"the artifact {path} cannot be read: {error.strerror or error}") from error


def parse_artifact(content: bytes, sha256: str, *, name: str) -> LoadedModel:
    """As `load_artifact`, for bytes that are already here; `name` is what errors call them."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.lower():
        raise ArtifactError(f"the artifact {name} is not the one that was registered: sha256 {found}, not {sha256}")
    try:
        manifest, payload = _unpack(content)
        return LoadedModel(manifest, _revive(payload))
    except ArtifactError as error:
        raise ArtifactError(DAMAGED.format(path=name, why=error)) from error
    except (zipfile.BadZipFile, ValidationError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArtifactError(DAMAGED.format(path=name, why=f"{type(error).__name__} while unpacking")) from error


def _unpack(content: bytes) -> tuple[Manifest, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if set(sizes) != {MANIFEST, PAYLOAD} or len(archive.infolist()) != len(sizes):
            raise ArtifactError(f"it holds {', '.join(sorted(sizes))[:200]}, not a manifest and a model")
        manifest = Manifest.model_validate_json(_read(archive, MANIFEST, MAX_MANIFEST_BYTES))
        if sizes[PAYLOAD] != manifest.payload_bytes:
            raise ArtifactError("its model is not as long as its manifest says")
        payload = _read(archive, PAYLOAD, MAX_BYTES)
    if hashlib.sha256(payload).hexdigest() != manifest.payload_sha256:
        raise ArtifactError("its model is not the one its manifest describes")
    return manifest, payload


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise ArtifactError(f"its {name} would unpack to more than {limit} bytes")
    stream: IO[bytes]
    with archive.open(name) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ArtifactError(f"its {name} unpacks to more than {limit} bytes")
    return content


def _revive(payload: bytes) -> Any:
    """Make the model; nothing is made before all its types are known to be allowed."""
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise ArtifactError(f"its model would unpack to more than {MAX_BYTES} bytes")
    from skops import io as skops  # noqa: PLC0415 - imports all of scikit-learn
    from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415 - as above

    try:
        trusted = trusted_types(set(skops.get_untrusted_types(data=payload)))
        model = skops.loads(payload, trusted=sorted(trusted))
    except UntrustedTypesFoundException as error:
        raise ArtifactError(f"it holds types that no model of ours has ({str(error).splitlines()[0]})") from error
    except (ImportError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"its model cannot be rebuilt ({type(error).__name__})") from error
    check_trees(model)
    return model
