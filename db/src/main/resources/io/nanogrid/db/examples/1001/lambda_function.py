import json


def lambda_handler(event, context):
    message = event.get("message", "Hello from lambda")
    return {"statusCode": 200, "body": json.dumps({"reply": message})}
