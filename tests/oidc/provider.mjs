// A provider of OpenID Connect on loopback, as npm has it: people are let in by the name that they type, consent is given.
// Prints its address. One argument: the URL that people are sent back to.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

const [back] = process.argv.slice(2);
const people = {
  ana: { email: 'ana@example.com', email_verified: true, groups: ['sre', 'everybody'] },
  vi: { email: 'vi@example.com', email_verified: true, groups: ['everybody'] },
  no: { email: 'no@example.com', email_verified: true, groups: [] },
};
const key = (kid, type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig',
});
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const configuration = {
    clients: [{
      client_id: 'watchfire',
      client_secret: 'a-secret-of-the-tests & more',
      redirect_uris: [back],
      post_logout_redirect_uris: [new URL('/login', back).href],
      id_token_signed_response_alg: 'ES256',
    }, {
      client_id: 'program',
      client_secret: 'a-secret-of-a-program',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    }],
    jwks: { keys: [key('r', 'rsa', { modulusLength: 2048 }, 'RS256'), key('e', 'ec', { namedCurve: 'P-256' }, 'ES256')] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    // Groups are told to whoever asks for them with the access token, as some providers do it.
    conformIdTokenClaims: true,
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, name: id, ...people[id] }) }),
    cookies: { keys: ['of-the-tests'] },
    ttl: { AccessToken: 600, IdToken: 600, Interaction: 600, Session: 600, Grant: 600, ClientCredentials: 600 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (context, client) => (client.clientId === 'program' ? 'https://watchfire.example.com' : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: (_, audience) => ({
          audience, scope: '', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (_, token) => (token.clientId === 'program' ? { groups: ['everybody'] } : undefined),
    scopes: ['openid', 'email', 'profile', 'groups'],
  };
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(issuer);
});
