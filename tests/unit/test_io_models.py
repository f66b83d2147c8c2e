"""A saved model comes back whole, or not at all with a named error; nothing in a file is ever run."""

import base64
import copy
import io
import json
import zlib
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import lamina
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    OutputError,
    RankDeficientWarning,
    StateError,
)
from lamina.io import (
    Checkpoint,
    atomic_file,
    atomic_folder,
    check_output_file,
    check_output_folder,
    load,
    open_signal,
    read_signal,
    save,
    write_signal,
)
from lamina.resu import ReSULayer, ReSUNetwork
from lamina.resu.local import LocalReSU


def recording(samples=600, channels=2, seed=0):
    noise = np.random.default_rng(seed).standard_normal((samples + 40, channels))
    kernel = 0.9 ** np.arange(40)
    return np.stack([np.convolve(column, kernel, "valid")[:samples] for column in noise.T], axis=1)


UNIT = lamina.ReSU(4, 3, 3, gap=2, rectify=["none", "on", "split"], sampling_rate=50.0).fit(recording())
MOVIE = recording(channels=5, seed=1)
NETWORK = ReSUNetwork(
    [
        ReSULayer(5, 4, 2, rectify=("none", "split")),
        ReSULayer(1, 1, 2, gap=3, width=2, spacing=2, inputs=[1, 2], center=False, rectify="split"),
    ]
).fit(MOVIE)

ODD = lamina.ReSU(3, 2, 1, rcond=1e-9, ridge=0.1, half_life=500.0, center=False, objective="rrr")
UNITS = {
    "plain": UNIT,
    "every parameter another": ODD.fit(recording() * 1e-9),
    "stimulus to response": lamina.ReSU(4, 3, 2).fit(recording(), future_of=recording(channels=3, seed=5)),
    "open trial": lamina.ReSU(4, 3, 2).partial_fit(recording()[:300]),
    "fraction": lamina.ReSU(4, 3, 2, sampling_rate=Fraction(1, 2)).fit(recording()),
    "trials": lamina.ReSU(np.int64(4), 3, 2).fit([recording(50), recording(70, seed=2)]),
}


# files that lamina wrote before memory, horizon and rank could be chosen by the data, as base 85 of zlib
FORMAT_1_UNIT = r"""
c-pO0U2GIp6b2(9_*1Eglt^Og2olU>o!Onv&J@h7rc0DQSZ$2N-DbEuduMm-{H!x~+tRYcU}Az6Ta8lNibR9rgCxQOMT41Y6IhXiAf~1
yiYc}<2y0AiV#KI-?sT_HyR4YFPkYaI&Uemt&Y81%`4aN$p=8;B2qXalvP?DhP&zO)6Htv*Pn=S8;5c!ru|7^c4O^dyQ#AgkY6!ukXZ1
YNz%-#woLGWFfU-7}O<+J`HM6=-fGn|>2NWSwMz#jZNKCm?Gm};)u?W0p%GfZeDM;&pvSzB5Z2+WMriX_DVmKu5g2)F&h7-cUaE|07J|
#+Dmal~gumL8JgdL2p$gm7(BIibu6x~wVy_d*%&lJd%pfu1`S=UrpE+=i-TDM<YkkCWJvbU2`eQ^#jGP>U#pAwsJ5Grc}bF+OR9<r5zB
%g}Cp=a)Zwlmis64?p0R2unV0cPGJJ1=B`4V~){KZl%vxQEcMfz(9$ngKQ*EyDc8e&OCh+j}583;&M}S&8Q%8MQwyMFIYtY+$yRVr<1S
ljWqg7o!rE7;cqiLO;sO(?%S$WQtHSzD_a*%}mKQK*ZjF0irQ$YNd6U6Eo-Tb!w5Uh1k5h1<1V41;CBB8!G{5&TCP@I2W{0cbv-QD4KH
8AlSg;FSjAcv5BC{0YMZ16B0r!qX;54LZI^D5UVP%f#*a<WL20H6C6~95XY)K<QR^Fib&;XN&&conu2#rv1}Xaq#(yT5J|K>196tkJm)
9%Ua?>sO_3vFsj34J_KYz!%eP@FRnxt7sS-<vXm)Wt%hNnZ2=E#zz(Lg*D&*%mTJ#I>PtQ%%5v){)$kS|4C?hf;Fsrdt(h?MCmLqEBu1
%miOG5<?j-y%OIu5*PDXj`irAh?MA_mJ@90lN$ZdWOWu2hbQ=jIb-@NoX6D-|b<!)eZ65<FqNU-*J3-lA3GsW55GL394DIQaX>>cEyef
S!f_ZDBD5%?V6fE>|DEXZrW?nO~&XnGx5%R*>p;?w{djZizIv{I%rj#tGNbUXiwR{VE~m&dK`z3CYk|1mB#MR#KnT)YkS%gGV|KZ`hER
jvd=_IJS1mU2nf%=&YS~*)eq66MIg$v+MqN>dfEc(z=g!topQX*4_GSDsk`mS$DX9O`!M6ckaaP?Hkuz>UZ<s9~hfv+Ff`5<?zH?ue!N
Ae)#y$Rmhz>#hw1G`E56I?zPtsJ#@ew<=2nKza4Uy4<ETCnFG?=M|N9>TBDIx<LddkM=wg>eA#+y<8aexP5$Tc!LGB?&gb?-sKR3<9Mz
1R+Pya#sb789(1n!;r7I6?TK4tHrqQDxbOkoG6-x0%oIm*BxqNRlGHEpR#<!kzM|KS<iP~t1zZhS{$I|a!;9H`RzVXL1pS4W7#r#G7Vt
f(L_iQWNcRU&yy%z0%=V-G#Q`d9+#q=A}lY6@dKHU70wBr7nlP{}N(vP1n&0N0wE9v3EeTi*5^6m<1SKUvADd}`m?XrF1MR#eP^Tm4uC
)|be{0Ew%FM9
"""

FORMAT_1_NETWORK = r"""
c-q~TYg82H8ON1)#CSmx>#fCzQ!gAd#huyNo5-12jw}+b1yQO3F0(r`%jn+Nodpqz)N{~NV`8Fc6^Q|j*W-l*B9f%tx5ncQqm7M?=yD7
;VzgF_sn@FMySuzA3yXm9Q<pEyd-=`t{Gb2xoKZ*i^8E@iz23r0EXPW$UXM*K#GE-SsZe5*F^Zx%L9I}6EJw-J2FgIGNCQvGD5Z=w5G1
cq3xq+g;p9rV&v7!jOiocUR<2<U2Bn}NFdQ?p7SYN=R$(S)G_y`;CN?=b6Pv}S&6&wd`8LO*Obmw$g3V!JCGRHTee_@RpOwWDv9ef>&y
)F&n%M&0;p1dLsNKw3z5jdpyj9{I-UrFy;=M;rtUZ9tu{p#gHs4v&`z%`RF3E?ny3A(piiNk>90h>`Hp4>RD2aKzKMbRh^}pZ2S{DVV4
(}16z<<PPH;Yp1A(1orF3MtMxNnO!idIwLUcSglIliYN@1x5qN+^q9m0INyC5h+Ii5%8y<;~6jOyF6`<>2*J*1`v6B)EL*Z7-lLt6p-5
tba}JU&t4&oGstKqVR$34xSTz8t6r<zeJ*6LL!zRl}ZhzQYi_IMy*t+eR)`H7FYylXMq~cHlt5Fxl-1lKCD^Ln?-?d8)f^VwJVWT?_@1
@vp?xpCR~HJq&Dfvx}C4@h~8%BeQy-tai5Lypx;p5zT)wsDMxC(=dZ7SN$<>cu@2rDyybt5-oQfzd4Cwb4CItgGdt^mb(2~>-L;ROL#O
Up*=VzJZK2)vwzme*+<FHq1)>Vr8fDd*L+f#`Mjf(gzxOn$b~{hgYq!z4VPU~psr6KcfZ@A%hqNRUD=LC<cXO(c?P4UlnkvNeO%<!n%J
*=nkUwvzP%mPrkR6%~8osNcLXsMlMkRxPDwRyx#YmxoMhYoccPLI5twMyTPtZtdWp-nvbee6CM+&^x*+_Z1)yYU92vrY9%5&@V0!GR+j
QxK#QL>7#BE0pp1%AmGS(vzJgsw2!91h;>13JAQUYt~5=i#@KPD#N}C-@oWeaaxRaLo5{W)lP_FTs-;GF+Y27Ac5kZ?T`jz)3s=M~#zI
FbLYo$U3FYNg+8Tg;TO%kbg)#Z(x)RS13aPEj(-OVQ>m1t|Eh2ts^D&*)XajN(Emaqe8NvvrMA3M^%I<oFGDn<}|W!I6IyZ9UdY+NP`s
(u7n+y^Lb>09Gq-d1ZWOuRX9S7UeERv2n#{BtArEwjLXbA^m(k=#rLcUAPXneZIdNlL~lVP#Hxd^-LNqcsveMo%gNvnyKXTmlzI?@%N1
lWs@qK#GCGLE<!UMv^4Wd~O;bZl63QT2_ZkhhK*s?<C~*ZrhNN}XY9WGyC|p5NA#q){8oV1SM99Mlr6xGzZgg8n^}HaQP?5pD>u$e=bc
~k<k;-8E{hW^T!n{NnWKne1%jZ5hlX#Q<aMJvmJ^k*`&DwA7Y+lpg)*8ZJPk3;I{$bv*WtXzAxWjv$3BU8-ztO9<T^LjR{vG$@bw@Af^
po7ca`?uwnI-O(t`)<SvpIM5@t5qn!zTBj{mu=e`nlZ4A8ypmKV9PPm9WjV;qD|lb8$&>*dc*2-6pGr%~9Z-JnZ1MsXW-SJW-5zq6)0f
tI_=7^j?99h`;o41QrdXgB3M}v-rSywBE;b>S)D5fyrCDtLkzF7T}=sXnnWtFR}MN6qt3TyZbdB=G`VOe&Ez>gIiVk%57(4GrjwDW^eq
XFWpEFwr=*Ak!3gOO_qY}&*opDV`BbIzb|~{X7{Yz$CWkHhE?CP%gOKDo8~@zW7fR}clp`nM}9o-p--fgpIo})f_v+y9;x<J1Kl@#d)D
sgi|*2}Z^9NteNXqVmg>m3Ciht4CB?5dG|@W-)izhm@zBkC`km}Ev622|dd-~b0uR0ROzKZVZ+hqhwYL}LmS3c+<bVAww%tR2N|es+U*
@5)wdw3Xg$s1@UUFml`ltKo{<^mY#5QibK$lOO7yUun#SZ*|`NtQmI(C7sNb&Gd(eKi|+WlgWywN9%s-%y+oy@r!Q<*=PFq*oBNg)0H&
iPLUYM8Cdz@Z5Xw4f|`Qd-N86T#wtovI!6_n{zyA6}X%=)fS%BCC#{&U|qQq#Lg3K+Clqk*6wBn3Y<gY`~>>0RE(oT9HHsxTQ~451BAx
7Q-esAK^}DL8kN3f{1-_%&q(#dCRZA2C_HZ$1=X02=3;Tt@ua!bf&SXc>)u!17m-G{y_gJDNJ$G@~9#2C4omRUw!mNA;~<b=U*<k86Su
jagW7Q5%ZW-CV$`86(B7MeBDyLH8LWZd1uYk=Gx7P;PZQ<dyhLC1DL8Ow{J8L2a}VtQ%79Ug52>Lqo+J(n29UQMc0NVfiTtd%fofQ3+R
C2MO?N|_S#$ZDa`d%r)QcrC4&F_(X;c-UelOwPZa-T`d~0PxH0F|k!L4>b-80FnRYPDTU9Cez)J~07;GQB?7Nvvcs&-$%}5I9i*!KoA}
&QuIlljKDx*C&sP{E43A{P(Xz_2pS2HGE?barX7I5iBr6Wh<0Ib=0tT|-}2(wu5_1QY`u%Y1UvMtjYR5zqA(gDSbxTrn}*WRtXxnB!v#
%HchOpap?-CJChK4la*9~F03SBwYh6PdbNkvm@(@B>;$`XU`ryoh_{)@(z9CY7mgV8%UwzBv8PorQ`g)0m_&S%%Z~iC{)V+7CB!Vt_iK
u59(?VF8~ZKcKoHeUT0*Uc{{`-|H#6n8LWKXC}m~PXs5nRaSmJU>b91ymR=H%vZpx#7U!UL<~UwMLt7*Ky^d<A{|h?h&wsDZ{cSTQyDh
=7d2I7Nnmzg%rG=f!(6?;T|8se2KoZ|7x@hN0o4uZi*!KoBJRVbql>39vzU!@;_CYRDgmte2+Y{k5Etk-)ECIV$Y;n8s6I$vqyvf<aZ!
D8w;yeJyfP`!$Ee>>Um*V?pCLb>x*>g$4k%v4ee~Yi*B&&bFm+2)Naq$$hxxbb`la5sw>@;rxU17kmRzJG@z}oQRSoX?c^?m|tn<)w@l
V24Sfd-w@&5t6k#e*
"""


def written(model, folder):
    path = folder / "model.safetensors"
    save(model, path)
    return path


def assert_same_state(first, second):
    assert vars(first).keys() == vars(second).keys()
    for name, value in vars(first).items():
        if isinstance(value, np.ndarray):
            assert value.dtype == vars(second)[name].dtype
            assert value.tobytes() == vars(second)[name].tobytes(), name
        elif name == "moments_":
            mine, theirs = value.state(), vars(second)[name].state()
            assert mine.keys() == theirs.keys()
            for key in mine:
                np.testing.assert_array_equal(mine[key], theirs[key], err_msg=key)
        elif name == "layers_":
            for unit, again in zip(value, vars(second)[name], strict=True):
                assert_same_state(unit, again)
        elif name not in ("rectify", "layers", "plan_"):
            assert value == vars(second)[name], name


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_unit_comes_back_to_the_bit(tmp_path, unit):
    again = load(written(unit, tmp_path))
    assert type(again) is lamina.ReSU
    assert_same_state(unit, again)
    test = recording(100, seed=3)
    assert again.transform(test).tobytes() == unit.transform(test).tobytes()
    assert again.transform(test.astype(np.float32)).dtype == np.float32
    assert again.predict(test).tobytes() == unit.predict(test).tobytes()
    assert list(again.get_feature_names_out()) == list(unit.get_feature_names_out())


def test_loaded_unit_learns_on_where_the_saved_one_stopped(tmp_path):
    whole = recording(1000)
    unit = lamina.ReSU(4, 3, 2).partial_fit(whole[:500])
    again = load(written(unit, tmp_path))
    again.partial_fit(whole[500:])
    unit.partial_fit(whole[500:])
    assert_same_state(unit, again)
    # 7 samples make a window, 500 + 500 make 994, of which 6 cross the border
    assert again.n_windows_ == 994
    assert again.score(whole) == unit.score(whole)


def test_network_comes_back_to_the_bit(tmp_path):
    again = load(written(NETWORK, tmp_path))
    assert type(again) is ReSUNetwork
    assert_same_state(NETWORK, again)
    movie = recording(80, channels=7, seed=4)
    for layer in (0, 1):
        assert (
            again.transform(movie, layer=layer).tobytes() == NETWORK.transform(movie, layer=layer).tobytes()
        )
    assert again.layers[0] == NETWORK.layers[0]
    assert again.layers[1].inputs == (1, 2)


def test_fewer_units_than_asked_for(tmp_path):
    noise = recording(channels=1)
    with pytest.warns(RankDeficientWarning):
        unit = lamina.ReSU(1, 1, 2, rectify=["on", "split"]).fit(np.hstack([noise, noise]))
    again = load(written(unit, tmp_path))
    assert_same_state(unit, again)
    assert (again.rank, len(again.filters_), again.modes_) == (2, 1, ("on",))


def test_torch_models_come_back_as_numpy(tmp_path):
    torch = pytest.importorskip("torch")
    unit = lamina.ReSU(4, 3, 2).fit(torch.asarray(recording()))
    again = load(written(unit, tmp_path))
    assert isinstance(again.filters_, np.ndarray)
    np.testing.assert_array_equal(again.filters_, unit.filters_.numpy())


def test_data_frame_names_are_kept(tmp_path):
    unit = copy.deepcopy(UNIT)
    unit.feature_names_in_ = np.array(["left", "right"], dtype=object)
    assert load(written(unit, tmp_path)).feature_names_in_.tolist() == ["left", "right"]


def test_any_safetensors_reader_reads_it(tmp_path):
    path = written(UNIT, tmp_path)
    np.testing.assert_array_equal(safetensors.numpy.load_file(path)["filters"], UNIT.filters_)
    with safetensors.safe_open(path, "np") as file:
        description = json.loads(file.metadata()["lamina"])
    assert description["format"] == 2
    assert description["lamina"] == lamina.__version__
    assert description["class"] == "ReSU"
    assert description["parameters"]["memory"] == 4
    assert description["units"]["sampling_rate"] == "hertz"
    assert description["fitted"]["n_windows"] == UNIT.n_windows_
    assert description["fitted"]["n_trials"] == 1


def test_files_of_the_first_format_are_read(tmp_path):
    """The expected outputs are those of the lamina that wrote the files."""
    path = tmp_path / "old.safetensors"
    path.write_bytes(zlib.decompress(base64.b85decode(FORMAT_1_UNIT.replace("\n", ""))))
    recorded = np.sin(np.arange(90.0) ** 1.1)
    unit = load(path)
    assert (unit.memory, unit.memory_, unit.horizon_, unit.rank_) == (3, 3, 2, 2)
    assert (unit.criterion, unit.selection_, unit.significance_) == ("svc", None, None)
    np.testing.assert_allclose(unit.transform(recorded)[-1], [1.544944875140614, 0.0], rtol=1e-12)
    assert_same_state(unit, load(written(unit, tmp_path)))
    # a second trial of 90 samples: each has 86 windows of 5 samples
    assert unit.partial_fit(recorded).n_windows_ == 2 * 86
    path.write_bytes(zlib.decompress(base64.b85decode(FORMAT_1_NETWORK.replace("\n", ""))))
    movie = np.stack([np.sin(np.arange(120.0) ** 1.1 + k) for k in range(3)], 1)
    movie += 0.1 * np.random.default_rng(0).standard_normal((120, 3))
    network = load(path)
    expected = [[-1.2646922682783655], [-0.9912226566768586]]
    np.testing.assert_allclose(network.transform(movie)[-1], expected, rtol=1e-12)
    assert_same_state(network, load(written(network, tmp_path)))


def test_what_cannot_be_saved(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(StateError, match="Call fit first"):
        save(lamina.ReSU(2, 2, 1), path)
    with pytest.raises(StateError, match="Call fit first"):
        save(ReSUNetwork([ReSULayer(2, 2, 1)]), path)
    for changed in (
        *({"memory": 5}, {"horizon": 4}, {"gap": 7}, {"rectify": "on"}, {"rank": 1}, {"half_life": 3.0}),
        *({"ridge": 0.01}, {"objective": "rrr"}, {"center": False}, {"rcond": 0.5}),
    ):
        with pytest.raises(StateError, match="changed since the fit"):
            save(copy.deepcopy(UNIT).set_params(**changed), path)
    network = ReSUNetwork([ReSULayer(2, 2, 1), ReSULayer(1, 1, 1)]).fit(recording())
    for layers in ([ReSULayer(2, 2, 1)], [ReSULayer(2, 2, 1), ReSULayer(1, 1, 1, spacing=2)]):
        with pytest.raises(StateError, match="changed since the fit"):
            save(copy.deepcopy(network).set_params(layers=layers), path)
    with pytest.raises(
        ArgumentTypeError, match=r"a ReSUNetwork, .* a ReSURegressor or a spike code, got dict"
    ):
        save({}, path)
    with pytest.raises(ArgumentError, match=r"\.safetensors"):
        save(UNIT, tmp_path / "a.npy")
    with pytest.raises(OutputError, match="mkdir -p"):
        save(UNIT, tmp_path / "no" / "a.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_half_written_files_never_take_the_place_of_whole_ones(tmp_path, monkeypatch):
    path = written(UNIT, tmp_path)
    before = path.read_bytes()

    def broken(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OutputError, match="disk is full"):
        save(UNIT, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_what_was_chosen_and_tested_comes_back(tmp_path):
    unit = lamina.ReSU(n_surrogates=19, criterion="bic").fit(recording(400))
    again = load(written(unit, tmp_path))
    assert (again.memory, again.horizon, again.rank) == ("auto", "auto", "auto")
    assert (again.memory_, again.horizon_, again.rank_) == (unit.memory_, unit.horizon_, unit.rank_)
    for name in ("selection_", "significance_"):
        mine, theirs = vars(unit)[name], vars(again)[name]
        assert type(mine) is type(theirs)
        for field in fields(mine):
            ours, others = getattr(mine, field.name), getattr(theirs, field.name)
            np.testing.assert_array_equal(ours, others, err_msg=field.name)
            assert np.asarray(ours).dtype == np.asarray(others).dtype
    assert str(again.selection_) == str(unit.selection_)
    # it learns on without choosing anew
    assert again.partial_fit(recording(100, seed=1)).memory_ == unit.memory_
    for changed in ({"criterion": "svc"}, {"memory": unit.memory_ + 1}, {"ridge": 0.5}):
        with pytest.raises(StateError, match="changed since the fit"):
            save(copy.deepcopy(unit).set_params(**changed), tmp_path / "a.safetensors")
    # what was chosen may be given by number afterwards: it is the same fit
    save(copy.deepcopy(unit).set_params(memory=unit.memory_), tmp_path / "a.safetensors")


def test_scores_that_are_no_numbers_survive(tmp_path):
    unit = lamina.ReSU(2, 2).fit(recording(400))
    scores = np.array(unit.selection_.rank_scores)
    scores[-1] = np.inf
    unit.selection_ = replace(unit.selection_, rank_scores=scores)
    again = load(written(unit, tmp_path)).selection_.rank_scores
    np.testing.assert_array_equal(again[:-1], scores[:-1])
    assert np.isnan(again[-1])


def test_local_unit_comes_back_and_learns_on(tmp_path):
    unit = LocalReSU(4, 3, 2).partial_fit(recording(500))
    again = load(written(unit, tmp_path))
    assert type(again) is LocalReSU
    test = recording(50, seed=3)
    assert again.transform(test).tobytes() == unit.transform(test).tobytes()
    assert again.partial_fit(test).filters_.tobytes() == unit.partial_fit(test).filters_.tobytes()


TAKING_PATHS = {
    "save": lambda path: save(UNIT, path),
    "load": load,
    "Checkpoint": Checkpoint,
    "read_signal": read_signal,
    "open_signal": lambda path: open_signal(path).__enter__(),
    "write_signal": lambda path: write_signal(path, np.zeros(3)),
    "atomic_file": lambda path: atomic_file(path).__enter__(),
    "atomic_folder": lambda path: atomic_folder(path).__enter__(),
    "check_output_file": check_output_file,
    "check_output_folder": check_output_folder,
}


class OfBytes:
    """A path whose text is bytes, as `os.DirEntry` of a folder of bytes is."""

    def __fspath__(self):
        return b"x.safetensors"


@pytest.mark.parametrize("use", TAKING_PATHS.values(), ids=TAKING_PATHS)
@pytest.mark.parametrize(
    "path", [None, 3, True, b"x", ["x"], io.BytesIO(), OfBytes()], ids=lambda path: type(path).__name__
)
def test_what_is_no_path_is_named(use, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentTypeError, match="path must be a path, as text"):
        use(path)
    with pytest.raises(ArgumentError, match="path must be a path without null"):
        use("x\0.safetensors")
    assert not list(tmp_path.iterdir())
