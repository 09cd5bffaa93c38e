import type { Scenario } from "../scenario.ts";

/** The webmail that most providers have; what it asserts stands in the script. */
export const roundcube: readonly Scenario[] = [
  {
    name: "Roundcube: its IMAP library lists, sorts, threads, searches, reads, moves and shares",
    needs: ["php", "/usr/share/roundcube/program/lib/Roundcube/bootstrap.php"],
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("rosa");
      const script = new URL("../scripts/roundcube.php", import.meta.url).pathname;
      await Deno.writeTextFile(
        `${stage.folder}/config.inc.php`,
        "<?php $config['db_dsnw'] = 'sqlite:////tmp/none'; $config['log_driver'] = 'stdout'; $config['imap_cache'] = null;\n",
      );
      await stage.run("php", [
        script,
        "localhost",
        `${palomar.ports.imaps}`,
        palomar.caFile,
        account.address,
        account.password,
      ]);
    },
  },
];
