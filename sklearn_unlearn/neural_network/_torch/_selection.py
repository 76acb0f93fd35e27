"""Which parameters of a module a request may change."""

from __future__ import annotations

from fnmatch import fnmatchcase


def selected(module, params):
    """Names of parameters, in the order in which the module has them.

    Parameters
    ----------
    module : torch.nn.Module
    params : {"all", "last_layer"}, str or list of str
        As the estimator's parameter.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the module has no parameters that training changes, or none of these names.
    """
    names = [
        name for name, parameter in module.named_parameters() if parameter.requires_grad
    ]
    # one that several layers share has the name in the first, and is found by all
    first = {id(each): name for name, each in module.named_parameters()}
    known = {
        name: first[id(each)]
        for name, each in module.named_parameters(remove_duplicate=False)
        if each.requires_grad
    }
    if not names:
        raise ValueError(
            f"The module {type(module).__name__} has no parameters that training "
            "changes: it can neither learn nor unlearn."
        )
    if isinstance(params, str):
        if params == "all":
            return names
        if params == "last_layer":
            owner = _owner(list(known)[-1])
            found = {known[name] for name in known if _owner(name) == owner}
            return [name for name in names if name in found]
        params = [params]
    found = {
        known[name] for name in known if any(fnmatchcase(name, each) for each in params)
    }
    if not found:
        raise ValueError(
            f"params={params!r} matches none of the module's parameters: "
            f"{', '.join(known)}."
        )
    return [name for name in names if name in found]


def check_params(params):
    """Refuse what is neither a pattern nor a list of patterns."""
    patterns = [params] if isinstance(params, str) else params
    if (
        not isinstance(patterns, (list, tuple))
        or not patterns
        or not all(isinstance(each, str) for each in patterns)
    ):
        raise ValueError(
            "params must be 'all', 'last_layer', a pattern of names or a list of "
            f"patterns; got {params!r}."
        )


def _owner(name):
    layer, parametrised, _ = name.partition(".parametrizations.")
    return layer if parametrised else name.rpartition(".")[0]
