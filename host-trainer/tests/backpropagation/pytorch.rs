//! Losses and gradients against PyTorch's numbers.

use super::*;

/// Fails unless loss and gradients of one batch of all examples are those given.
fn assert_agrees(network: &Network, examples: &[Example], loss: f64, expected: &[&[f32]]) {
    let (outcome, found) = gradients(network, examples, &RAGGED, 1);
    assert!((outcome.loss() - loss).abs() < 5e-7, "{}", outcome.loss());
    assert_eq!(found.len(), expected.len());
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_close(found, expected, 5e-6, &format!("tensor {n}"));
    }
}

/// ```python
/// import math, torch
/// torch.set_default_dtype(torch.float64)
///
/// def weights(n, rows, columns):
///     return torch.tensor([[0.5 * math.sin(1.0 + n + 0.9 * (r * columns + c))
///                           for c in range(columns)] for r in range(rows)], requires_grad=True)
///
/// V, E, H, K = 7, 3, 4, 3
/// sequences = [[1, 4, 2, 6, 3], [5, 2], [0, 3, 3, 1]]
/// labels = torch.tensor([2, 0, 1])
/// e, wx, wh, b, wy, by = (weights(n, *s) for n, s in
///                         enumerate([(V, E), (E, H), (H, H), (1, H), (H, K), (1, K)]))
/// logits = []
/// for tokens in sequences:
///     p = dict(weight_ih_l0=wx.t(), weight_hh_l0=wh.t(), bias_ih_l0=b[0],
///              bias_hh_l0=torch.zeros(H))
///     x = torch.nn.functional.embedding(torch.tensor(tokens), e)
///     states, _ = torch.func.functional_call(torch.nn.RNN(E, H), p, (x,))
///     logits.append(states[-1] @ wy + by[0])
/// loss = torch.nn.functional.cross_entropy(torch.stack(logits), labels)
/// loss.backward()
/// print(f"{loss.item():.7f}")
/// for tensor in (e, wx, wh, b, wy, by):
///     print([float(f"{x:.6g}") for x in tensor.grad.flatten().tolist()])
/// ```
#[test]
fn embedding_and_softmax_agree_with_pytorch() {
    let network = sine_network(classifier(
        InputKind::Embedding { dim: 3 },
        Readout::Last,
        3,
        1,
    ));
    let examples = [
        Example::of_tokens(&[1, 4, 2, 6, 3], 2),
        Example::of_tokens(&[5, 2], 0),
        Example::of_tokens(&[0, 3, 3, 1], 1),
    ];
    #[rustfmt::skip]
    let expected: [&[f32]; 6] = [
        &[-0.000106243, 6.70897e-05, -1.40833e-05, 0.0145814, -0.0107373, 0.00467619, 0.01624,
          -0.0144408, 0.00965988, -0.0258307, 0.0220147, -0.0136529, 0.000120609, -7.06929e-05,
          6.1799e-06, -0.000766634, 0.000149005, 0.000499392, 0.00147006, -0.000479442,
          -0.000610173],
        &[-0.0090652, 0.0192971, -0.0279033, 0.0298799, 0.0642642, -0.0326412, -0.00107286,
          0.0392296, 0.0889597, -0.0598773, 0.0265696, 0.0188911],
        &[0.00772301, -0.00882878, 0.00396555, -0.00189301, 0.00547327, -0.00807095, 0.00339803,
          -0.00286657, 0.000682903, -0.00255393, 0.00100636, -0.00173554, -0.00687606, 0.00677231,
          -0.00319971, 0.000792112],
        &[0.0485824, -0.0205341, 0.00855775, 0.0226118],
        &[0.05515, 0.00355178, -0.0587018, 0.0765442, -0.00109802, -0.0754461, 0.0463061,
          -0.00607984, -0.0402262, -0.0258742, -0.00564719, 0.0315214],
        &[-0.10435, 0.0221619, 0.0821877],
    ];
    assert_agrees(&network, &examples, 1.1237303, &expected);
}

/// The snippet above with these lines in place of those between `V` and `loss.backward()`:
/// ```python
/// V, H = 7, 4
/// sequences = [[1, 4, 2, 6, 3], [5, 2], [0, 3, 3, 1]]
/// labels = torch.tensor([1.0, 0.0, 1.0])
/// wx, wh, b, wy, by = (weights(n, *s) for n, s in
///                      enumerate([(V, H), (H, H), (1, H), (H, 1), (1, 1)]))
/// logits = []
/// for tokens in sequences:
///     p = dict(weight_ih_l0=wx.t(), weight_hh_l0=wh.t(), bias_ih_l0=b[0],
///              bias_hh_l0=torch.zeros(H))
///     x = torch.nn.functional.one_hot(torch.tensor(tokens), V).double()
///     states, _ = torch.func.functional_call(torch.nn.RNN(V, H), p, (x,))
///     logits.append(states.mean(0) @ wy[:, 0] + by[0, 0])
/// loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.stack(logits), labels)
/// ```
#[test]
fn one_hot_and_sigmoid_agree_with_pytorch() {
    let network = sine_network(classifier(InputKind::OneHot, Readout::Mean, 1, 1));
    let examples = [
        Example::of_tokens(&[1, 4, 2, 6, 3], 1),
        Example::of_tokens(&[5, 2], 0),
        Example::of_tokens(&[0, 3, 3, 1], 1),
    ];
    #[rustfmt::skip]
    let expected: [&[f32]; 5] = [
        &[0.0229639, 0.0200917, 0.00421089, 0.00333385, 0.034075, 0.0246738, 0.0141816,
          -0.00756697, -0.00150319, -0.0151818, -0.00440413, 0.00656582, 0.0668295, 0.0543205,
          0.0179597, 0.00013068, 0.0205943, 0.0119976, 0.00229135, 0.00133414, -0.0340814,
          -0.027396, -0.00524722, -0.00523806, 0.0228196, 0.00773487, 0.00111178, 0.00379473],
        &[0.00815754, -0.002403, -0.00314727, 0.0072378, -0.0440178, -0.0370939, -0.0133932,
          0.00629256, -0.0602153, -0.0419726, -0.0128938, 0.000382866, -0.0330402, -0.0177163,
          -0.00388065, -0.00468921],
        &[0.131698, 0.0762406, 0.030104, 0.00235419],
        &[0.0560396, 0.124626, 0.100956, 0.0024365],
        &[-0.250551],
    ];
    assert_agrees(&network, &examples, 0.6904074, &expected);
}

/// What the snippet below calls `sequences` and `labels`.
const LABELLED: [Example; 3] = [
    labelled(&[1, 4, 2, 6, 3], 2),
    labelled(&[5, 2], 0),
    labelled(&[0, 3, 3, 1], 1),
];

const fn labelled(tokens: &[u16], label: u16) -> Example<'_> {
    let sequence = Sequence::Tokens(tokens);
    Example {
        sequence,
        label,
        target: None,
        offset: None,
        given: 0,
    }
}

/// It prints the numbers of the GRU first.
///
/// ```python
/// import math, torch
/// torch.set_default_dtype(torch.float64)
///
/// def weights(n, rows, columns):
///     return torch.tensor([[0.5 * math.sin(1.0 + n + 0.9 * (r * columns + c))
///                           for c in range(columns)] for r in range(rows)], requires_grad=True)
///
/// V, E, H, K = 7, 3, 4, 3
/// sequences = [[1, 4, 2, 6, 3], [5, 2], [0, 3, 3, 1]]
/// labels = torch.tensor([2, 0, 1])
/// for module, gates in ((torch.nn.GRU, 3), (torch.nn.LSTM, 4)):
///     shapes = [(V, E), (E, gates * H), (H, gates * H), (1, gates * H)]
///     if gates == 3: shapes.append((1, H))
///     tensors = [weights(n, *s) for n, s in enumerate(shapes + [(H, K), (1, K)])]
///     e, wx, wh, b = tensors[:4]
///     wy, by = tensors[-2:]
///     bh = torch.cat([torch.zeros(2 * H), tensors[4][0]]) if gates == 3 else torch.zeros(4 * H)
///     p = dict(weight_ih_l0=wx.t(), weight_hh_l0=wh.t(), bias_ih_l0=b[0], bias_hh_l0=bh)
///     logits = []
///     for tokens in sequences:
///         x = torch.nn.functional.embedding(torch.tensor(tokens), e)
///         states, _ = torch.func.functional_call(module(E, H), p, (x,))
///         logits.append(states[-1] @ wy + by[0])
///     loss = torch.nn.functional.cross_entropy(torch.stack(logits), labels)
///     loss.backward()
///     print(f"{loss.item():.7f}")
///     for tensor in tensors:
///         print([float(f"{x:.6g}") for x in tensor.grad.flatten().tolist()])
/// ```
#[test]
fn gru_agrees_with_pytorch() {
    let network = sine_network(NetworkConfig {
        cell: CellKind::Gru,
        ..classifier(InputKind::Embedding { dim: 3 }, Readout::Last, 3, 1)
    });
    #[rustfmt::skip]
    let expected: [&[f32]; 7] = [
        &[2.35831e-05, 0.000331067, -0.000152255, 0.0019479, 0.0021846, -0.00279696,
          -0.0025126, 0.00760987, -0.000445048, 0.00755267, -0.0137816, -0.00219633,
          -0.000739476, 0.00304863, -0.000445404, -0.000198374, 0.00766878, -0.00278217,
          0.00238096, 0.00238576, -0.00330821],
        &[-0.00149669, 0.00063871, 0.000810942, -8.40297e-05, 0.00664054, -0.00257213,
          -0.00424484, 0.00282789, 0.0133874, -0.0246737, 0.0142813, -0.00414543,
          -0.00332639, 0.00035372, 0.00735852, -0.00382844, 0.00852187, -0.004955,
          -0.00263101, 0.0026708, 0.0251424, -0.0453063, 0.0474545, -0.0220104,
          -0.00263875, -0.000198959, 0.00833732, -0.00467557, 0.00395402, -0.00358802,
          0.000973917, 0.000492503, 0.0178701, -0.031652, 0.0447151, -0.0232183],
        &[-0.0024053, -0.00143677, 0.00953192, -0.00378053, 0.00332565, -0.00608222,
          0.00860163, -0.00433244, 0.00517736, -0.0118868, 0.0198223, -0.0107502,
          -0.000516497, -0.00042728, 0.00155474, -0.000134263, 0.000637493, -0.00179459,
          0.00343156, -0.00224533, 0.000978417, -0.00128885, 0.00180416, 0.000335987,
          0.00346665, 0.00162561, -0.0145124, 0.00700913, -0.00502594, 0.00681646,
          -0.00741512, 0.00246985, -0.00780551, 0.0204513, -0.0341827, 0.0218387,
          0.00474502, 0.00234629, -0.0184157, 0.0079439, -0.00704881, 0.00980217,
          -0.0121622, 0.00555419, -0.010438, 0.025705, -0.0412913, 0.0239323],
        &[0.00244936, 0.00457636, -0.0177841, 0.00447001, -0.00224331, 0.0106809,
          -0.0241365, 0.0171314, -0.0128093, 0.0531019, -0.0514981, 0.00930557],
        &[-0.000274881, 0.0130233, -0.025438, 0.00865275],
        &[-0.0523457, 5.56764e-05, 0.05229, -0.043406, 0.0301811, 0.0132249, 0.0121695,
          0.0478214, -0.0599909, 0.0570716, 0.0165572, -0.0736289],
        &[0.0231399, 0.0461778, -0.0693177],
    ];
    assert_agrees(&network, &LABELLED, 1.1191391, &expected);
}

/// With the snippet above.
#[test]
fn lstm_agrees_with_pytorch() {
    let network = sine_network(NetworkConfig {
        cell: CellKind::Lstm,
        ..classifier(InputKind::Embedding { dim: 3 }, Readout::Last, 3, 1)
    });
    #[rustfmt::skip]
    let expected: [&[f32]; 6] = [
        &[-0.000190682, -0.000101976, 0.000243672, 0.00158937, -0.002946, -5.85313e-05,
          0.000555749, -0.00772046, 0.00345607, -0.0048907, 0.0106103, -0.000622781,
          -0.000389812, -8.25601e-05, 0.000432713, -0.000285189, -0.00354337, 0.00212645,
          -0.00186491, 0.000405711, 0.00165409],
        &[-0.00355567, 0.000509068, 0.000985068, 0.000401133, -0.00051667, 0.000130106,
          0.000476608, 0.000177566, 0.00981138, -0.00945456, 0.0039813, 0.00254948,
          0.00168937, -0.000880118, 0.000233628, 0.000943117, -0.0047094, 0.00089262,
          0.000517659, 0.0012159, -0.00207655, -0.000444504, 0.00103468, 0.00067131,
          0.0146834, -0.00888088, 0.00028078, 0.00701185, -0.00506345, 0.00074032,
          0.00129838, 0.00235889, -0.00229915, 0.000600655, -0.000341504, 0.0011105,
          -0.00206494, -0.000682723, 0.00080973, 0.00065702, 0.00844332, -0.00158634,
          -0.00363222, 0.00616779, -0.00798435, 0.0018005, 0.00138054, 0.00198951],
        &[0.000397742, -0.000226921, 0.000297886, -5.56883e-05, -0.000163629,
          -0.000735717, 0.0007578, 0.000116374, 0.00111851, -0.0013023, 4.82513e-06,
          0.00110409, 0.000997141, -0.000658044, 0.000345373, -0.000231265, 0.00121237,
          -0.000604424, 2.88459e-05, 5.71405e-06, 0.000791582, -0.000592602, 9.83847e-05,
          0.000146264, -0.00441264, 0.00398927, -0.00290704, 0.00126145, 0.00167898,
          -0.000902011, -4.67816e-05, -8.31453e-05, 0.00116259, -0.000528548,
          -0.000186492, 1.23462e-05, 0.00103266, -0.000108936, -0.000456386, 5.92783e-05,
          -0.00591426, 0.00545147, -0.00313624, 0.000407992, 0.00127295, -0.000539547,
          -0.000322594, 1.27958e-05, 0.000608695, -0.000240442, -0.00028371, 1.48788e-05,
          0.000770923, 0.000354338, -0.000721368, -4.05474e-05, -0.00453832, 0.00424445,
          -0.00191763, -0.000487796, 0.000359964, 6.61934e-06, -0.000405994, 9.81474e-05],
        &[-0.00687167, 0.0040071, -0.00195402, 0.000769667, 0.00139587, 0.00447133,
          -0.00477435, -0.000577721, 0.00209025, 0.00526361, 0.00187239, -0.00430188,
          -0.0053557, 0.0038171, -0.00216897, 0.00195013],
        &[0.0239659, -0.0101729, -0.0137929, 0.00330784, 0.00895091, -0.0122588,
          -0.0100271, 0.0165971, -0.00656997, -0.0193173, 0.0109545, 0.00836287],
        &[-0.100788, 0.018576, 0.0822123],
    ];
    assert_agrees(&network, &LABELLED, 1.1254642, &expected);
}
