"""Registries of the scope ``other_zoo``, one for each of MMEngine's, so that its default scope is found everywhere."""
import mmengine.registry as mmengine_registry
from mmengine.registry import Registry

#: Where types are registered; nothing but models, here.
LOCATIONS = dict(MODELS=['other_zoo.models'])

REGISTRIES = {
    name: Registry(parent.name, parent=parent, scope='other_zoo', locations=LOCATIONS.get(name, []))
    for name, parent in vars(mmengine_registry).items() if isinstance(parent, Registry)
}
MODELS = REGISTRIES['MODELS']
