exports.lambda_handler = async (event) => ({
  statusCode: 200,
  body: JSON.stringify({ msg: "Hello Node", event }),
});
