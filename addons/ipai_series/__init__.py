from . import models
from .compat import SERIES

if SERIES < 19:
    from . import below_19
if SERIES < 18:
    from . import below_18
