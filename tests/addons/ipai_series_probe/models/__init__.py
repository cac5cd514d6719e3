from . import series_probe, series_probe_line
