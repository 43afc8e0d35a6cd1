// What a JavaScript client of AWS Payment Cryptography does, against apcsim:
// the program is the same against the service, but for the header with
// the reason. The SDK takes the endpoint from AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY.
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteKeyCommand,
  GetAliasCommand,
  GetKeyCommand,
  PaymentCryptographyClient,
  ResourceNotFoundException,
  RestoreKeyCommand,
  ValidationException,
  paginateListKeys,
} from "@aws-sdk/client-payment-cryptography";

if (!process.env.AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY) {
  console.error("Set AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY to the simulator, such as http://127.0.0.1:8089.");
  process.exit(2);
}

// Any access key will do for a simulator that does not verify signatures.
const client = new PaymentCryptographyClient({
  region: process.env.AWS_REGION ?? "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not looked at" },
});

const attributes = {
  KeyUsage: "TR31_P0_PIN_ENCRYPTION_KEY",
  KeyClass: "SYMMETRIC_KEY",
  KeyAlgorithm: "TDES_3KEY",
  KeyModesOfUse: { Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true },
};

// A key, and a name for it.
const { Key: key } = await client.send(
  new CreateKeyCommand({ KeyAttributes: attributes, Exportable: true, Tags: [{ Key: "Team", Value: "pins" }] }),
);
console.log(`created ${key.KeyAttributes.KeyAlgorithm}, check value ${key.KeyCheckValue}, ${key.KeyState}`);
console.log(`at ${key.CreateTimestamp.toISOString()}, ${key.KeyArn}`);

await client.send(new CreateAliasCommand({ AliasName: "alias/pin-key", KeyArn: key.KeyArn }));
const { Alias: alias } = await client.send(new GetAliasCommand({ AliasName: "alias/pin-key" }));
console.log(`${alias.AliasName} is that key: ${alias.KeyArn === key.KeyArn}`);

// Two more keys, listed one on a page.
for (let i = 0; i < 2; i++) {
  await client.send(new CreateKeyCommand({ KeyAttributes: attributes, Exportable: true }));
}
let pages = 0;
const listed = new Set();
for await (const page of paginateListKeys({ client, pageSize: 1 }, { KeyState: "CREATE_COMPLETE" })) {
  pages++;
  for (const each of page.Keys) {
    listed.add(each.KeyArn);
  }
}
console.log(`listed ${listed.size} keys on ${pages} pages, that one among them: ${listed.has(key.KeyArn)}`);

// Refusals are exceptions of the SDK's classes. The reason is the simulator's own.
await refused(ResourceNotFoundException, new GetAliasCommand({ AliasName: "alias/nobody" }));
await refused(
  ValidationException,
  new CreateKeyCommand({ KeyAttributes: { ...attributes, KeyModesOfUse: { Sign: true } }, Exportable: true }),
);

// A deletion, cancelled.
const { Key: doomed } = await client.send(new DeleteKeyCommand({ KeyIdentifier: "alias/pin-key", DeleteKeyInDays: 3 }));
const days = (doomed.DeletePendingTimestamp - Date.now()) / 86_400_000;
console.log(`${doomed.KeyState}, ${Math.round(days)} days left`);
await client.send(new RestoreKeyCommand({ KeyIdentifier: key.KeyArn }));
const { Key: again } = await client.send(new GetKeyCommand({ KeyIdentifier: "alias/pin-key" }));
console.log(`${again.KeyState} again`);

async function refused(type, command) {
  try {
    await client.send(command);
  } catch (error) {
    if (!(error instanceof type)) {
      throw error;
    }
    console.log(`${error.name}: ${error.$response?.headers["x-apcsim-reason"]}`);
    return;
  }
  throw new Error(`${type.name} was expected`);
}
