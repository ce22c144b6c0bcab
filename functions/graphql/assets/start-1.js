"use strict";

const DEFAULT_QUERY = `# An access token of the mutation "login" goes below, under Headers:
#   {"Authorization": "Bearer ..."}
query Listings {
  properties(first: 5) {
    nodes {
      id
      title
      basePrice { amount currency }
      host { firstName }
      reviews(first: 3) { nodes { rating publicText } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultQuery: DEFAULT_QUERY,
    defaultEditorToolsVisibility: "headers",
  }),
);
