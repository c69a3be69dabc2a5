"""JupyterHub for a class: one environment for all, a read-only course, everybody's notebooks at home.

As root, in the folder of the course, such as /srv/course_nn:

    python3 start.py python -m pip install jupyterhub
    npm install --global configurable-http-proxy
    python3 start.py python -m jupyterhub -f docs/jupyterhub_config.py

To add what is yours (certificates, a way to log in), write a file of your own that begins with

    load_subconfig("/srv/course_nn/docs/jupyterhub_config.py")
"""

import shlex
import sys

c = get_config()  # noqa: F821  JupyterHub gives it

# Whoever has an account on this machine may log in, with its password (JupyterHub's own default, PAM).
c.Authenticator.allow_all = True

# The hub runs in the environment of the course, and so does everybody's JupyterLab. Before it opens,
# what is new in the course reaches the notebooks at home, and no answer is lost (course_nn.update).
PYTHON = shlex.quote(sys.executable)
START = f"""
export COURSE_NN_HOME="$HOME/course_nn"
mkdir -p "$COURSE_NN_HOME"
{PYTHON} -m course_nn.update "$COURSE_NN_HOME"
exec {PYTHON} -m jupyterhub.singleuser "$@"
"""
c.Spawner.cmd = ["/bin/sh", "-c", START, "jupyterhub-singleuser"]
c.Spawner.args = ["--FileContentsManager.post_save_hook=course_nn.update.saved"]
c.Spawner.notebook_dir = "~/course_nn"
c.Spawner.default_url = "/lab/tree/notebooks/00_start.ipynb"
# A second thread gains nothing on small networks, and costs much where a class shares the cores.
c.Spawner.environment = {"OPENBLAS_NUM_THREADS": "1"}
