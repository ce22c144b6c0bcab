"use strict";

const DEFAULT_QUERY = `# To act as somebody: the accessToken of the mutation
# "login" goes under Headers, below:
# {"Authorization": "Bearer ..."}
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
