"""The process of a job that dies of SIGKILL: ``HELPER STEP MOMENT CONFIG JOB``.

``begun``: before the step does anything; ``worked``: after, before that is written down;
``kept``: after it is written down.
"""

import importlib.util
import os
import signal
import sys


def main():
    helper, step, moment, config, job = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("release_host", helper)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    original = module.Job.step

    def dying(self, name, function, *arguments):
        if name != step:
            return original(self, name, function, *arguments)
        value = original(self, name, watched(function, moment), *arguments)
        die_at(moment, "kept")
        return value

    module.Job.step = dying
    module.run_job(module.Config(config), job, False)


def watched(function, moment):
    def work(*arguments):
        die_at(moment, "begun")
        value = function(*arguments)
        die_at(moment, "worked")
        return value

    return work


def die_at(wanted, moment):
    if wanted == moment:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
