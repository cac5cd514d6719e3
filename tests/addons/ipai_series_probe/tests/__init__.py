from . import test_data, test_database, test_screens, test_views
