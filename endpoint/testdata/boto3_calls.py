# Reads lines {"op": ..., "body": ...} and calls each operation of the data plane with boto3.
# Writes for each a line: the answer, {"error": code}, or {"unknown": why} where this boto3 has no such
# service, operation or member.
import json
import sys

import boto3
import botocore
import botocore.exceptions

unknown = (botocore.exceptions.UnknownServiceError, botocore.exceptions.ParamValidationError)


def new_client():
    return boto3.client(
        "payment-cryptography-data", endpoint_url=sys.argv[1], region_name="us-east-1",
        aws_access_key_id="AKID", aws_secret_access_key="secret",
        config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}))


client = None
for line in sys.stdin:
    call = json.loads(line)
    try:
        client = client or new_client()
        if call["op"] in client.meta.service_model.operation_names:
            out = getattr(client, botocore.xform_name(call["op"]))(**call["body"])
            out.pop("ResponseMetadata")
        else:
            out = {"unknown": "no operation " + call["op"]}
    except unknown as e:
        out = {"unknown": str(e)}
    except botocore.exceptions.ClientError as e:
        out = {"error": e.response["Error"]["Code"], "Reason": e.response.get("Reason"), "modelled": type(e).__name__}
    print(json.dumps(out), flush=True)
