// Cloudflare's own local R2, spoken to by its S3 endpoint. Started by endpoint.py; holds no logic.
//
//     node server.mjs FOLDER ACCESS_KEY SECRET
//
// Prints READY with its port and the endpoint's path once it answers. The bucket `lake` exists
// already. Ends with its standard input, so that it outlives its starter in no case, and removes
// FOLDER.
import { rmSync } from "node:fs";
import { Miniflare } from "miniflare";

const [folder, accessKeyId, secretAccessKey] = process.argv.slice(2);

const server = new Miniflare({
  modules: true,
  script: "export default { fetch() { return new Response('ok') } }",
  host: "127.0.0.1",
  port: 0,
  r2Persist: folder,
  r2Buckets: { LAKE: { id: "lake", s3Credentials: { accessKeyId, secretAccessKey } } },
});

process.stdin.resume().on("end", async () => {
  await server.dispose();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 }); // it may still write
  process.exit();
});
const { port } = await server.ready;
console.log(`READY ${port} /cdn-cgi/local/r2/s3`);
