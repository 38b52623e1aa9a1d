# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Arrays of every type and stride give what their float64 copies give; others are errors."""

from __future__ import annotations

import array as standard_array

import numpy as np
import pytest

import pycalibra

REAL = [np.float16, np.float32, np.float64, np.longdouble, ">f4", ">f8"]
WHOLE = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, ">i4"]


def strided(x, how):
    """An array that equals x and lies in memory as `how` says."""
    if how == "dense":
        return np.ascontiguousarray(x)
    if how == "fortran":
        return np.asfortranarray(x)
    if how == "negative":
        return np.ascontiguousarray(x[::-1])[::-1]
    if how == "gaps":
        room = np.zeros(tuple(3 * n for n in x.shape), dtype=x.dtype)
        room[tuple(slice(1, None, 3) for _ in x.shape)] = x
        return room[tuple(slice(1, None, 3) for _ in x.shape)]
    if how == "read-only":
        y = x.copy()
        y.flags.writeable = False
        return y
    record = np.zeros(x.shape, dtype=np.dtype([("pad", "u1"), ("x", x.dtype)]))
    record["x"] = x
    return record["x"]


STRIDES = ["dense", "fortran", "negative", "gaps", "read-only", "unaligned"]


def of(**arguments):
    return dict(pycalibra.evaluate(threads=1, **arguments))


@pytest.mark.parametrize("how", STRIDES)
@pytest.mark.parametrize("dtype", REAL)
def test_scores_of_every_type_and_stride(rng, dtype, how):
    z = rng.normal(size=(60, 4)).astype(dtype)
    y = rng.integers(0, 4, size=60)
    same = z.astype(np.dtype(dtype).newbyteorder("=") if z.itemsize <= 8 else np.float64)
    same = same.astype(np.float32) if z.itemsize == 2 else same
    np.testing.assert_equal(of(logits=strided(z, how), labels=y), of(logits=same, labels=y))


@pytest.mark.parametrize("dtype", REAL)
def test_scores_are_as_close_to_double_as_their_type(rng, dtype):
    z = rng.normal(size=(60, 4)).astype(dtype)
    y = rng.integers(0, 4, size=60)
    given = pycalibra.evaluate(logits=z, labels=y, metrics=["nll", "brier", "confidence"])
    double = pycalibra.evaluate(
        logits=z.astype(np.float64), labels=y, metrics=["nll", "brier", "confidence"]
    )
    for name in given:
        assert given[name] == pytest.approx(double[name], abs=1e-6)


@pytest.mark.parametrize("dtype", WHOLE + [bool])
def test_scores_that_are_whole_are_doubles(rng, dtype):
    z = rng.integers(0, 2 if dtype is bool else 9, size=(50, 3)).astype(dtype)
    y = rng.integers(0, 3, size=50)
    np.testing.assert_equal(of(logits=z, labels=y), of(logits=z.astype(float), labels=y))


@pytest.mark.parametrize("how", STRIDES)
@pytest.mark.parametrize("dtype", WHOLE + [bool] + REAL)
def test_labels_of_every_type_and_stride(rng, dtype, how):
    z = rng.normal(size=(50, 2))
    y = rng.integers(0, 2, size=50)
    found = of(logits=z, labels=strided(y.astype(dtype), how))
    np.testing.assert_equal(found, of(logits=z, labels=y))


@pytest.mark.parametrize("how", STRIDES)
@pytest.mark.parametrize("dtype", WHOLE + [bool] + REAL)
def test_columns_of_every_type_and_stride(rng, dtype, how):
    z, y = rng.normal(size=(50, 3)), rng.integers(0, 3, size=50)
    w = rng.integers(0, 2, size=50).astype(dtype)
    for name in ("weights", "valid"):
        found = of(logits=z, labels=y, **{name: strided(w, how)})
        np.testing.assert_equal(found, of(logits=z, labels=y, **{name: w.astype(np.float64)}))


def test_stride_0():
    z = np.broadcast_to(np.array([[0.2, 1.4, -1.0]]), (40, 3))
    y = np.broadcast_to(np.array(1), (40,))
    dense = of(logits=z.copy(), labels=y.copy())
    np.testing.assert_equal(of(logits=z, labels=y), dense)


def test_sequences_and_buffers():
    z = [[0.5, 1.0], [2.0, -1.0], [0.1, 0.3]]
    y = [1, 0, 0]
    expected = of(logits=np.array(z), labels=np.array(y))
    np.testing.assert_equal(of(logits=z, labels=y), expected)
    np.testing.assert_equal(of(logits=tuple(map(tuple, z)), labels=tuple(y)), expected)
    p = standard_array.array("d", [0.1, 0.6, 0.7])
    labels = standard_array.array("q", y)
    expected = of(probabilities=np.array(p), labels=np.array(y))
    np.testing.assert_equal(of(probabilities=p, labels=labels), expected)
    np.testing.assert_equal(of(probabilities=memoryview(p), labels=memoryview(labels)), expected)


def test_scores_are_not_copied_or_changed(rng):
    z = rng.normal(size=(50, 3))
    before = z.copy()
    of(logits=z, labels=rng.integers(0, 3, size=50))
    np.testing.assert_array_equal(z, before)


class Exporter:
    """An array of a library that speaks DLPack alone."""

    def __init__(self, x):
        self.x = x

    def __dlpack_device__(self):
        return self.x.__dlpack_device__()

    def __dlpack__(self, **arguments):
        return self.x.__dlpack__(**arguments)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_of_dlpack(rng, dtype):
    z, y = rng.normal(size=(40, 6)).astype(dtype)[::-1, ::2], rng.integers(0, 3, size=40)
    np.testing.assert_equal(of(logits=Exporter(z), labels=Exporter(y)), of(logits=z, labels=y))


class OnDevice:
    """An array of a library whose memory is on a device."""

    def __dlpack_device__(self):
        return 2, 1

    def __dlpack__(self, **_):
        raise AssertionError("not asked for where the device is not the host")


Y3 = [0, 1, 0]
Z3 = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, TypeError, "one of logits=, probabilities= and confidences=, got none"),
        (
            {"logits": Z3, "probabilities": Z3, "labels": Y3},
            TypeError,
            "logits= and probabilities=",
        ),
        ({"logits": Z3}, TypeError, "expected labels= with logits="),
        ({"logits": Z3, "hits": Y3}, TypeError, "expected labels= with logits="),
        ({"confidences": [0.5], "labels": [1]}, TypeError, "expected hits= with confidences="),
        ({"logits": (x for x in Z3), "labels": Y3}, TypeError, "got generator"),
        ({"logits": "scores", "labels": Y3}, TypeError, "got str"),
        ({"logits": {}, "labels": Y3}, TypeError, "got dict"),
        ({"logits": 3.0, "labels": Y3}, TypeError, "got float"),
        ({"logits": np.float64(3), "labels": Y3}, ValueError, "one number"),
        ({"logits": [["a", "b"]], "labels": [0]}, TypeError, "dtype <U1"),
        ({"logits": np.array([[object()]]), "labels": [0]}, TypeError, "dtype object"),
        ({"logits": np.array(Z3) * 1j, "labels": Y3}, TypeError, "complex128"),
        ({"logits": [[1.0], [1.0, 2.0]], "labels": [0, 1]}, ValueError, "same length"),
        ({"logits": np.ma.masked_less(Z3, 0.2), "labels": Y3}, ValueError, "masked"),
        ({"logits": OnDevice(), "labels": Y3}, TypeError, "device 2:1; use pycalibra.torch"),
        ({"logits": [], "labels": []}, ValueError, r"no samples: got shape \(0,\)"),
        ({"logits": np.zeros((3, 0)), "labels": Y3}, ValueError, r"no samples: got shape \(3, 0\)"),
        ({"logits": Z3, "labels": [0, 1]}, ValueError, r"labels: expected shape \(3,\)"),
        ({"logits": Z3, "labels": np.eye(3)[:, :2]}, ValueError, "one-hot"),
        ({"logits": Z3, "labels": [0, 1, 2]}, ValueError, "row 2"),
        ({"logits": Z3, "labels": [0, 1, -1]}, ValueError, "row 2"),
        ({"logits": Z3, "labels": [0, 0.5, 1]}, ValueError, "whole numbers, got 0.5 at element 1"),
        ({"logits": Z3, "labels": [0, np.nan, 1]}, ValueError, "whole numbers"),
        ({"logits": np.zeros((3, 2, 2)), "labels": Y3}, ValueError, "class_axis"),
        ({"logits": Z3, "labels": Y3, "class_axis": 2}, ValueError, "class_axis"),
        ({"logits": Z3, "labels": Y3, "class_axis": 0.5}, TypeError, "class_axis"),
        ({"probabilities": Z3, "labels": Y3}, ValueError, "row 0"),
        ({"logits": Z3, "labels": Y3, "weights": [1, 2]}, ValueError, "weights: expected shape"),
        ({"logits": Z3, "labels": Y3, "weights": [1, 2, -1]}, ValueError, "weight"),
        ({"logits": Z3, "labels": Y3, "bins": 0}, ValueError, "bins: expected a number from 1"),
        ({"logits": Z3, "labels": Y3, "bins": 2.5}, TypeError, "bins: expected a whole number"),
        ({"logits": Z3, "labels": Y3, "scheme": "width"}, ValueError, "scheme: expected one of"),
        ({"logits": Z3, "labels": Y3, "side": "up"}, ValueError, "side: expected one of"),
        ({"logits": Z3, "labels": Y3, "nan": "drop"}, ValueError, "nan: expected one of"),
        ({"logits": Z3, "labels": Y3, "binary": "x"}, ValueError, "binary: expected one of"),
        ({"logits": Z3, "labels": Y3, "like": "nobody"}, ValueError, "nobody"),
        ({"logits": Z3, "labels": Y3, "like": 3}, TypeError, "like: expected a str"),
        ({"logits": Z3, "labels": Y3, "like": "netcal", "side": "left"}, ValueError, "its own"),
        ({"logits": Z3, "labels": Y3, "metrics": "no_such"}, ValueError, "no_such"),
        ({"logits": Z3, "labels": Y3, "metrics": [1]}, TypeError, "metrics: expected a str"),
        ({"logits": Z3, "labels": Y3, "edges": [0, 0.5]}, ValueError, "edge"),
        ({"logits": Z3, "labels": Y3, "edges": ["x"]}, TypeError, "edges"),
        ({"logits": Z3, "labels": Y3, "threads": 0}, ValueError, "threads"),
        ({"logits": Z3, "labels": Y3, "interval": 0.9}, TypeError, "interval"),
        ({"logits": Z3, "labels": Y3, "renormalise": True}, ValueError, "renormalise"),
        ({"logits": Z3, "labels": Y3, "class_names": ["a"]}, ValueError, "2 names"),
        ({"logits": Z3, "labels": Y3, "ignore_label": "x"}, TypeError, "ignore_label"),
        ({"logits": Z3, "labels": Y3, "valid": [0, 0, 0]}, ValueError, "no samples left"),
        ({"logits": Z3, "labels": Y3, "multilabel": True}, ValueError, "labels: expected shape"),
        ({"confidences": Z3, "hits": Y3}, ValueError, "one number a sample"),
    ],
)
def test_bad_input_is_an_error_that_says_what(arguments, error, words):
    with pytest.raises(error, match=words) as raised:
        pycalibra.evaluate(**arguments)
    assert raised.type is error


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_torch_tensors(rng, dtype):
    torch = pytest.importorskip("torch")
    z = torch.tensor(rng.normal(size=(60, 8))).to(getattr(torch, dtype))
    y = torch.tensor(rng.integers(0, 4, size=60))
    wide = z.float() if dtype != "float64" else z
    expected = of(logits=wide[:, ::2].numpy(), labels=y.numpy())
    given = z.requires_grad_()[:, ::2]
    np.testing.assert_equal(of(logits=given, labels=y), expected)
    np.testing.assert_equal(of(logits=given, labels=y.to(torch.int32)), expected)


def test_torch_tensors_that_are_no_arrays():
    torch = pytest.importorskip("torch")
    y = torch.tensor(Y3)
    with pytest.raises(TypeError, match="on meta; use pycalibra.torch"):
        pycalibra.evaluate(logits=torch.zeros(3, 2, device="meta"), labels=y)
    with pytest.raises(TypeError, match="complex64"):
        pycalibra.evaluate(logits=torch.zeros(3, 2, dtype=torch.complex64), labels=y)
    with pytest.raises(TypeError, match="dense"):
        pycalibra.evaluate(logits=torch.zeros(3, 2).to_sparse(), labels=y)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64", "bool"])
def test_columns_of_arrow(rng, dtype):
    arrow = pytest.importorskip("pyarrow")
    p = rng.integers(0, 2, size=40) if dtype[0] in "uib" else rng.uniform(size=40)
    p = p.astype(dtype)
    y = rng.integers(0, 2, size=40).astype(np.int32)
    expected = of(probabilities=p.copy(), labels=y)
    column, labels = arrow.array(p), arrow.array(y)
    np.testing.assert_equal(of(probabilities=column, labels=labels), expected)
    for cut in (0, 7, 40):
        chunked = arrow.chunked_array([column[:cut], column[cut:]])
        np.testing.assert_equal(of(probabilities=chunked, labels=labels), expected)
    np.testing.assert_equal(
        of(probabilities=column[3:31], labels=labels[3:31]),
        of(probabilities=p[3:31], labels=y[3:31]),
    )


def test_columns_of_arrow_that_are_no_numbers():
    arrow = pytest.importorskip("pyarrow")
    y = arrow.array(Y3)
    with pytest.raises(ValueError, match="probabilities: expected no nulls, got one at row 1"):
        pycalibra.evaluate(probabilities=arrow.array([0.5, None, 0.2]), labels=y)
    chunks = arrow.chunked_array([[0.5], [0.1, None]])
    with pytest.raises(ValueError, match="null.* at row 2"):
        pycalibra.evaluate(probabilities=chunks, labels=y)
    with pytest.raises(TypeError, match="probabilities: expected numbers"):
        pycalibra.evaluate(probabilities=arrow.array(["a", "b", "c"]), labels=y)
    with pytest.raises(ValueError, match="no samples"):
        pycalibra.evaluate(probabilities=arrow.array([], arrow.float32()), labels=y)


def test_columns_of_polars(rng):
    polars = pytest.importorskip("polars")
    p, y = rng.uniform(size=(30, 2)), rng.integers(0, 2, size=30)
    p /= p.sum(axis=1, keepdims=True)
    frame = polars.DataFrame({"a": p[:, 0], "b": p[:, 1], "y": y})
    expected = of(probabilities=p[:, 1].copy(), labels=y)
    np.testing.assert_equal(of(probabilities=frame["b"], labels=frame["y"]), expected)
    expected = of(probabilities=p, labels=y)
    np.testing.assert_equal(of(probabilities=frame[["a", "b"]], labels=frame["y"]), expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_arrays_of_jax(rng, dtype):
    numpy = pytest.importorskip("jax.numpy")
    z = numpy.asarray(rng.normal(size=(60, 4)), dtype=dtype)
    y = numpy.asarray(rng.integers(0, 4, size=60), dtype="int32")
    same = np.asarray(z.astype("float32"))
    np.testing.assert_equal(of(logits=z, labels=y), of(logits=same, labels=np.asarray(y)))
