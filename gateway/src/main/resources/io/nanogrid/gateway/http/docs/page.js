// An API key that is typed in is never stored: pages that functions serve have the same origin.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  displayRequestDuration: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  // The viewer escapes every `/` of a parameter, and a callback's path may have several segments.
  requestInterceptor: (request) => {
    request.url = request.url.replace(/\/api\/[^?#]*/, (path) => path.replaceAll("%2F", "/"));
    return request;
  },
  syntaxHighlight: { theme: "nord" },
  tryItOutEnabled: true,
  validatorUrl: null,
});
