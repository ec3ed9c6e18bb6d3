// The API's description, to be tried out in the browser: our own document, nobody else's validator.
const swagger = globalThis.SwaggerUIBundle;

swagger({
  url: "api?f=json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  supportedSubmitMethods: ["get"],
  presets: [swagger.presets.apis],
});
