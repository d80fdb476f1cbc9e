"""The application that hydra_peer.py starts with --multirun: one number saved per job."""
import json
import os

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig


@hydra.main(version_base=None, config_path=None, config_name="peer")
def main(config):
    with open(os.path.join(HydraConfig.get().runtime.output_dir, "result.json"), "w") as file:
        json.dump({"x": config.x, "value": 2 * config.x}, file)


if __name__ == "__main__":
    ConfigStore.instance().store(name="peer", node={"x": 0})
    main()
