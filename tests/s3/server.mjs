// Cloudflare's own local R2, spoken to by its S3 endpoint. Started by endpoint.py; holds no logic.
//
//     node server.mjs PORT FOLDER ACCESS_KEY SECRET
//
// Prints READY with the endpoint's path once it answers. The bucket `lake` exists already.
import { Miniflare } from "miniflare";

const [port, folder, accessKeyId, secretAccessKey] = process.argv.slice(2);

const server = new Miniflare({
  modules: true,
  script: "export default { fetch() { return new Response('ok') } }",
  host: "127.0.0.1",
  port: Number(port),
  r2Persist: folder,
  r2Buckets: { LAKE: { id: "lake", s3Credentials: { accessKeyId, secretAccessKey } } },
});

await server.ready;
console.log("READY /cdn-cgi/local/r2/s3");
